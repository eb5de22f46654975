/* `guest ROW UNITS`: does the work of a row between two markers; the second one tells the checksum and its own microseconds. */
#include "runtime.h"

char **environment;
const char *own_path;

#ifdef __x86_64__
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n hlt\n");
word sys(word number, word a, word b, word c, word d, word e, word f) {
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = e;
  register word r9 __asm__("r9") = f;
  word result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#else
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin\n hlt\n");
/* The sixth argument travels in EBP, which the compiler may need itself. */
__asm__(".globl sys\nsys: push %ebx\n push %esi\n push %edi\n push %ebp\n mov 20(%esp), %eax\n mov 24(%esp), %ebx\n"
        " mov 28(%esp), %ecx\n mov 32(%esp), %edx\n mov 36(%esp), %esi\n mov 40(%esp), %edi\n mov 44(%esp), %ebp\n int $0x80\n"
        " pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n");
#endif

#ifndef __x86_64__
/* What the compiler asks of a library that need not be there: division of 64 bits, a bit at a time. */
static uint64_t divided(uint64_t a, uint64_t b, uint64_t *rest) {
  uint64_t quotient = 0, left = 0;
  for (int n = 63; n >= 0; n--) {
    left = left << 1 | (a >> n & 1);
    if (left >= b) left -= b, quotient |= 1ull << n;
  }
  *rest = left;
  return quotient;
}
uint64_t __udivdi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  return divided(a, b, &rest);
}
uint64_t __umoddi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  divided(a, b, &rest);
  return rest;
}
#endif

void *memcpy(void *to, const void *from, uword count) {
  char *t = to;
  const char *f = from;
  while (count--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, uword count) {
  char *t = to;
  while (count--) *t++ = (char)value;
  return to;
}

static uword length(const char *text) {
  uword n = 0;
  while (text[n]) n++;
  return n;
}

void say(const char *text) { sys(SYS_write, 1, (word)text, (word)length(text), 0, 0, 0); }

void say_number(uint64_t value) {
  char digits[24];
  int at = 23;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  say(digits + at);
}

void *pages(uword bytes) { return (void *)sys(SYS_mmap, 0, (word)bytes, 7, 0x22, -1, 0); }

uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005ull + 1442695040888963407ull;
  return *state >> 33;
}

uint64_t nop(uint64_t units) { return units; }

static const struct {
  const char *name;
  row run;
} rows[] = {
    {"alu", alu},           {"div", divide},         {"int64", int64},       {"calls", calls},     {"switch", bytecode},
    {"chase16k", chase16k}, {"chase1m", chase1m},    {"chase32m", chase32m}, {"copy", copy},       {"repmovs", repmovs},
    {"x87", x87},           {"sse2d", sse2d},        {"sse2i", sse2i},       {"sha256", sha256},   {"gzip", gzip},
    {"sort", sort},         {"lisp", lisp},          {"syscall", syscalls},  {"fork", forks},      {"faults", faults},
    {"pipe", pipes},        {"smc", smc},            {"jit", jit},           {"nop", nop},
};

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static uint64_t parse(const char *text) {
  uint64_t value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (uint64_t)(*text++ - '0');
  return value;
}

/* Microseconds of this process, or of those that it waited for. */
static uint64_t used(word who) {
  word usage[40];
  sys(SYS_getrusage, who, (word)usage, 0, 0, 0, 0);
  return (uint64_t)(usage[0] + usage[2]) * 1000000 + (uint64_t)(usage[1] + usage[3]);
}

static uint64_t used_by_all(void) { return used(0) + used(-1); }

static void run(const char *name, row work, uint64_t units) {
  say("\nRINGFOLD-BEGIN ");
  say(name);
  say("\n");
  uint64_t start = used_by_all();
  uint64_t sum = work(units);
  uint64_t took = used_by_all() - start;
  say("\nRINGFOLD-END ");
  say(name);
  say(" ");
  say_number(sum);
  say(" ");
  say_number(took);
  say("\n");
}

__attribute__((used)) void begin(word *stack) {
  int count = (int)stack[0];
  char **arguments = (char **)(stack + 1);
  environment = arguments + count + 1;
  own_path = arguments[0];
  if (count == 2 && same(arguments[1], "nop")) sys(SYS_exit, 0, 0, 0, 0, 0, 0);
  for (uword n = 0; count == 3 && n < sizeof rows / sizeof *rows; n++)
    if (same(arguments[1], rows[n].name)) {
      run(rows[n].name, rows[n].run, parse(arguments[2]));
      sys(SYS_exit, 0, 0, 0, 0, 0, 0);
    }
  say("usage: guest ROW UNITS\n");
  sys(SYS_exit, 2, 0, 0, 0, 0, 0);
}
