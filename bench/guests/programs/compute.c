/* Rows that compute with integers: loops, calls, branches, memory. */
#include "runtime.h"

uint64_t alu(uint64_t units) {
  uint32_t a = 1, b = 2, c = 3;
  for (uint64_t n = 0; n < units; n++) {
    a = (a << 3) ^ (a >> 5) ^ b;
    b += a * 3 + (c & 0xff);
    c ^= b + (uint32_t)n;
    a -= c | 1;
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c));
  }
  return a ^ b ^ c;
}

uint64_t divide(uint64_t units) {
  uint64_t state = 7;
  uint32_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    uint32_t x = (uint32_t)next_random(&state), y = (x & 0xffff) + 3;
    __asm__ volatile("" : "+r"(x), "+r"(y));
    sum += x / y + x % (y >> 1 | 1);
  }
  return sum;
}

uint64_t int64(uint64_t units) {
  uint64_t a = 0x123456789abcdefull, b = 0xfedcba987654321ull, sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    a = a * 0x9e3779b97f4a7c15ull + b;
    b ^= a >> 29 | a << 35;
    sum += (a < b) + (a - b) + (b << (n & 31));
  }
  return sum ^ a ^ b;
}

static NOINLINE uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

uint64_t calls(uint64_t units) {
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    uint32_t argument = 20;
    __asm__ volatile("" : "+r"(argument));
    sum += fibonacci(argument);
  }
  return sum;
}

enum { PUSH, ADD, XOR, SHIFT, SWAP, DROP, DUPLICATE, LOOP };

/* A stack machine: a unit is one round of its program, 11 operations. */
uint64_t bytecode(uint64_t units) {
  static volatile unsigned char program[] = {DUPLICATE, PUSH, 7, ADD, DUPLICATE, SHIFT, XOR, SWAP, ADD, PUSH, 3, XOR, SWAP, LOOP};
  uint32_t stack[16] = {1, 2};
  int top = 1, at = 0;
  for (;;) {
    switch (program[at++]) {
      case PUSH: stack[++top] = program[at++]; break;
      case ADD: top--, stack[top] += stack[top + 1]; break;
      case XOR: top--, stack[top] ^= stack[top + 1]; break;
      case SHIFT: stack[top] = stack[top] << 5 | stack[top] >> 27; break;
      case SWAP: { uint32_t x = stack[top]; stack[top] = stack[top - 1], stack[top - 1] = x; } break;
      case DROP: top--; break;
      case DUPLICATE: stack[top + 1] = stack[top], top++; break;
      case LOOP:
        while (top > 1) top--, stack[top] += stack[top + 1];
        if (--units == 0) return stack[0] ^ stack[1];
        at = 0;
    }
  }
}

/* A unit: a thousand steps through a ring of pointers in random order, a cache line each. */
static uint64_t chase(uint64_t units, uint32_t bytes) {
  enum { LINE = 64 / sizeof(uint32_t), STEPS = 1000 };
  uint32_t lines = bytes / 64, *ring = pages(bytes), *order = pages(lines * 4);
  uint64_t state = 3;
  for (uint32_t n = 0; n < lines; n++) order[n] = n;
  for (uint32_t n = lines - 1; n > 0; n--) {
    uint32_t other = (uint32_t)(next_random(&state) % (n + 1)), x = order[n];
    order[n] = order[other], order[other] = x;
  }
  for (uint32_t n = 0; n < lines; n++) ring[order[n] * LINE] = order[(n + 1) % lines] * LINE;
  uint32_t at = 0;
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    for (int step = 0; step < STEPS; step++) at = ring[at];
    sum += at;
  }
  return sum;
}

uint64_t chase16k(uint64_t units) { return chase(units, 16 << 10); }
uint64_t chase1m(uint64_t units) { return chase(units, 1 << 20); }
uint64_t chase32m(uint64_t units) { return chase(units, 32 << 20); }

enum { BLOCK = 4096 };

/* A unit: 4096 bytes, a machine word at a time. */
uint64_t copy(uint64_t units) {
  uword *from = pages(BLOCK), *to = pages(BLOCK);
  for (uword n = 0; n < BLOCK / sizeof *from; n++) from[n] = n * 77;
  for (uint64_t n = 0; n < units; n++)
    for (uword at = 0; at < BLOCK / sizeof *from; at++) {
      to[at] = from[at];
      __asm__ volatile("" ::: "memory");
    }
  return to[99];
}

/* A unit: 4096 bytes by REP MOVSB. */
uint64_t repmovs(uint64_t units) {
  unsigned char *from = pages(BLOCK), *to = pages(BLOCK);
  for (int n = 0; n < BLOCK; n++) from[n] = (unsigned char)(n * 7);
  for (uint64_t n = 0; n < units; n++) {
    void *source = from, *destination = to;
    uword count = BLOCK;
    __asm__ volatile("rep movsb" : "+S"(source), "+D"(destination), "+c"(count)::"memory");
  }
  return to[99];
}

/* A unit: 100,000 numbers. */
enum { NUMBERS = 100000 };

static void quicksort(uint32_t *first, uint32_t *last) {
  while (first < last) {
    uint32_t pivot = first[(last - first) / 2], *i = first, *j = last;
    while (i <= j) {
      while (*i < pivot) i++;
      while (*j > pivot) j--;
      if (i <= j) {
        uint32_t x = *i;
        *i++ = *j, *j-- = x;
      }
    }
    if (j - first < last - i) quicksort(first, j), first = i;
    else quicksort(i, last), last = j;
  }
}

uint64_t sort(uint64_t units) {
  uint32_t *numbers = pages(NUMBERS * 4);
  uint64_t state = 11, sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    for (int i = 0; i < NUMBERS; i++) numbers[i] = (uint32_t)next_random(&state);
    quicksort(numbers, numbers + NUMBERS - 1);
    for (int i = 0; i < NUMBERS; i += 1000) sum += numbers[i] * (uint64_t)(i + 1);
  }
  return sum;
}
