/* Rows that are small programs: a hash, a compressor, an interpreter of lists. */
#include "runtime.h"

static uint32_t rotate(uint32_t v, int by) { return v >> by | v << (32 - by); }

static uint32_t K[64];

/* The constants are the fractions of cube roots of primes; here they only have to be constants. */
static void make_constants(void) {
  uint64_t state = 42;
  for (int n = 0; n < 64; n++) K[n] = (uint32_t)next_random(&state) ^ (uint32_t)n << 27;
}

static void compress_block(uint32_t h[8], const unsigned char *block) {
  uint32_t w[64], s[8];
  for (int n = 0; n < 16; n++)
    w[n] = (uint32_t)block[4 * n] << 24 | (uint32_t)block[4 * n + 1] << 16 | (uint32_t)block[4 * n + 2] << 8 | block[4 * n + 3];
  for (int n = 16; n < 64; n++) {
    uint32_t a = w[n - 15], b = w[n - 2];
    w[n] = w[n - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[n - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  for (int n = 0; n < 8; n++) s[n] = h[n];
  for (int n = 0; n < 64; n++) {
    uint32_t e = s[4], a = s[0];
    uint32_t t = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + K[n] + w[n];
    uint32_t u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    for (int m = 7; m > 0; m--) s[m] = s[m - 1];
    s[4] += t;
    s[0] = t + u;
  }
  for (int n = 0; n < 8; n++) h[n] += s[n];
}

/* A unit: 64 KB through the rounds of SHA-256. */
uint64_t sha256(uint64_t units) {
  enum { BYTES = 65536 };
  unsigned char *data = pages(BYTES);
  make_constants();
  for (int n = 0; n < BYTES; n++) data[n] = (unsigned char)(n * 31 + (n >> 7));
  uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (uint64_t n = 0; n < units; n++)
    for (int at = 0; at < BYTES; at += 64) compress_block(h, data + at);
  return (uint64_t)h[0] << 32 | h[7];
}

/* A unit: 128 KB of text through a search for repetitions as deflate's, with chains of hashes, and bits for what was found. */
enum { TEXT = 131072, HASHES = 32768, CHAIN = 16, SHORTEST = 4, LONGEST = 258 };
static unsigned char text[TEXT];
static int head[HASHES], previous[TEXT];
static uint64_t bits, bit_sum;
static int bit_count;

static void put(uint32_t value, int count) {
  bits |= (uint64_t)value << bit_count;
  bit_count += count;
  while (bit_count >= 8) {
    bit_sum = bit_sum * 31 + (bits & 0xff);
    bits >>= 8;
    bit_count -= 8;
  }
}

static void make_text(void) {
  static const char *words[] = {"ring ", "fold ", "guest ", "host ", "page ", "trap ", "vector ", "of ", "the ", "and ", "exit\n", "a "};
  uint64_t state = 5;
  int at = 0;
  while (at < TEXT) {
    const char *word = words[next_random(&state) % 12];
    while (*word && at < TEXT) text[at++] = (unsigned char)*word++;
    if (next_random(&state) % 9 == 0 && at < TEXT) text[at++] = (unsigned char)('0' + next_random(&state) % 10);
  }
}

static uint32_t hash(int at) {
  uint32_t v = text[at] | (uint32_t)text[at + 1] << 8 | (uint32_t)text[at + 2] << 16 | (uint32_t)text[at + 3] << 24;
  return v * 2654435761u >> 17;
}

static int longest_match(int at, int *distance) {
  int best = 0;
  int candidate = head[hash(at)];
  for (int tries = 0; candidate >= 0 && tries < CHAIN; tries++, candidate = previous[candidate]) {
    int length = 0;
    while (length < LONGEST && at + length < TEXT && text[candidate + length] == text[at + length]) length++;
    if (length > best) best = length, *distance = at - candidate;
  }
  return best;
}

uint64_t gzip(uint64_t units) {
  make_text();
  bit_sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    for (int h = 0; h < HASHES; h++) head[h] = -1;
    for (int at = 0; at < TEXT - SHORTEST;) {
      int distance = 0, length = longest_match(at, &distance), step = length >= SHORTEST ? length : 1;
      if (length >= SHORTEST) put(256 + (uint32_t)length, 10), put((uint32_t)distance, 17);
      else put(text[at], 9);
      for (; step > 0 && at < TEXT - SHORTEST; step--, at++) {
        uint32_t h = hash(at);
        previous[at] = head[h];
        head[h] = at;
      }
    }
  }
  return bit_sum;
}

/* An interpreter of expressions as lists of cells: a unit is (tak 12 8 4). */
enum kind { NUMBER, ARGUMENT, LESS, MINUS, IF, CALL };
struct cell {
  enum kind kind;
  int value;
  struct cell *parts[4];
};
static struct cell cells[64];
static int cell_count;

static struct cell *cell(enum kind kind, int value, struct cell *a, struct cell *b, struct cell *c) {
  struct cell *made = cells + cell_count++;
  made->kind = kind, made->value = value;
  made->parts[0] = a, made->parts[1] = b, made->parts[2] = c;
  return made;
}

static struct cell *body;

static NOINLINE int evaluate(const struct cell *of, const int *arguments) {
  switch (of->kind) {
    case NUMBER: return of->value;
    case ARGUMENT: return arguments[of->value];
    case LESS: return evaluate(of->parts[0], arguments) < evaluate(of->parts[1], arguments);
    case MINUS: return evaluate(of->parts[0], arguments) - evaluate(of->parts[1], arguments);
    case IF: return evaluate(of->parts[evaluate(of->parts[0], arguments) ? 1 : 2], arguments);
    default: {
      int given[3];
      for (int n = 0; n < 3; n++) given[n] = evaluate(of->parts[n], arguments);
      return evaluate(body, given);
    }
  }
}

uint64_t lisp(uint64_t units) {
  cell_count = 0;
  struct cell *x = cell(ARGUMENT, 0, 0, 0, 0), *y = cell(ARGUMENT, 1, 0, 0, 0), *z = cell(ARGUMENT, 2, 0, 0, 0);
  struct cell *one = cell(NUMBER, 1, 0, 0, 0);
  struct cell *a = cell(CALL, 0, cell(MINUS, 0, x, one, 0), y, z), *b = cell(CALL, 0, cell(MINUS, 0, y, one, 0), z, x);
  struct cell *c = cell(CALL, 0, cell(MINUS, 0, z, one, 0), x, y);
  body = cell(IF, 0, cell(LESS, 0, y, x, 0), cell(CALL, 0, a, b, c), z);
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    int arguments[3] = {12, 8, 4};
    sum += (uint64_t)evaluate(body, arguments);
  }
  return sum;
}
