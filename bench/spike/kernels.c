// Five small kernels, compiled once: the same object code runs natively (native.c), in QEMU (boot-image.ts) and in our engines.
// No library and no vector instructions: see toolchain.ts for the flags.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

static u32 table[256];
static u8 bytes[65536];
static u32 left[64 * 64], right[64 * 64], product[64 * 64];
struct node { struct node *next; u64 value; };
static struct node nodes[4096];
static u8 program[4096];

__attribute__((noinline)) u64 prepare(void) {
  u32 seed = 1;
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1;
    table[i] = c;
  }
  for (u32 i = 0; i < sizeof bytes; i++) bytes[i] = (seed = seed * 1103515245u + 12345u) >> 16;
  for (u32 i = 0; i < 64 * 64; i++) left[i] = i * 7 + 3, right[i] = i * 13 + 5;
  u32 at = 0;
  for (u32 i = 0; i < 4096; i++) {
    u32 next = (at * 1597u + 51749u) & 4095u;
    nodes[at].next = &nodes[next];
    nodes[at].value = at;
    at = next;
  }
  for (u32 i = 0; i < sizeof program; i++) program[i] = ((seed = seed * 1103515245u + 12345u) >> 16) % 7;
  return 0;
}

__attribute__((noinline)) u64 crc(u64 rounds) {
  u32 c = 0xffffffffu;
  for (u64 r = 0; r < rounds; r++)
    for (u32 i = 0; i < sizeof bytes; i++) c = table[(c ^ bytes[i]) & 255] ^ (c >> 8);
  return c;
}

__attribute__((noinline)) u64 matrix(u64 rounds) {
  u64 sum = 0;
  for (u64 r = 0; r < rounds; r++) {
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++) {
        u32 s = (u32)r;
        for (int k = 0; k < 64; k++) s += left[i * 64 + k] * right[k * 64 + j];
        product[i * 64 + j] = s;
      }
    sum += product[r & 4095];
  }
  return sum;
}

__attribute__((noinline)) u64 chase(u64 rounds) {
  struct node *n = nodes;
  u64 sum = 0;
  for (u64 r = 0; r < rounds * 4096; r++) {
    sum += n->value;
    n = n->next;
  }
  return sum;
}

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) u64 fib(u64 n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__attribute__((noinline)) u64 interpret(u64 rounds) {
  u64 a = 1, b = 2, c = 3;
  for (u64 r = 0; r < rounds; r++)
    for (u32 pc = 0; pc < sizeof program; pc++) switch (program[pc]) {
        case 0: a += b; break;
        case 1: b ^= c; break;
        case 2: c = c * 5 + 1; break;
        case 3: a -= c; break;
        case 4: b = (b << 3) | (b >> 61); break;
        case 5: if (a & 1) c += a; break;
        default: a ^= b >> 7;
      }
  return a ^ b ^ c;
}
