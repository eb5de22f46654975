/*
 * Runs short pieces of code natively and reports what they did. Freestanding: no C library, so that FS and GS, the x87 and the SSE
 * registers belong to the code alone. Protocol and layout: ../vectors/README.md and ../native.ts.
 *
 * Every case ends in a signal: SIGTRAP of an INT3 (with which the code page is filled), or that of a fault. The handler copies the
 * interrupted state and goes back to the loop. After its preparations the process can only read, write and exit (seccomp).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum {
  CODE = 0x20000,
  PAGE = 0x1000,
  WINDOW = 0x30000,
  WINDOW_BYTES = 0x4000,
  READ_ONLY_BYTES = 0x1000,
  IMAGE_BYTES = 688,
  INPUT_BYTES = 1 << 16,
  OUTPUT_BYTES = 1 << 20,
  ROOM_FOR_ONE = 1 << 16,
  TICK_US = 20000,
  TICKS = 3,
  TIMED_OUT = 0xffff,
};

/* The state image, as the README of the vectors describes it. */
struct image {
  u64 gpr[16];
  u64 rip, rflags, fsBase, gsBase;
  u16 cs, ss, ds, es, fs, gs, zero[2];
  u8 fx[512];
} __attribute__((aligned(16)));

struct image state __attribute__((aligned(64)));
u64 hostRsp;
struct { u32 offset; u16 selector; } farTarget;

/* The window as it is given at the start, and as the patches of the present case make it. */
static u8 original[WINDOW_BYTES + READ_ONLY_BYTES] __attribute__((aligned(64)));
static u8 pristine[WINDOW_BYTES] __attribute__((aligned(64)));
static u8 input[INPUT_BYTES], output[OUTPUT_BYTES];
static u8 signalStack[1 << 16] __attribute__((aligned(64)));
static u32 inputAt, inputEnd, outputEnd, ticks, running;
static struct { u32 trap, error; u64 address; } outcome;

static long call6(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
enum { READ = 0, WRITE = 1, MMAP = 9, SIGACTION = 13, SETITIMER = 38, EXIT = 60, SIGALTSTACK = 131, PRCTL = 157 };

static void quit(int status) {
  for (;;) call6(EXIT, status, 0, 0, 0, 0, 0);
}

static void copy(void *to, const void *from, u64 bytes) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
}

static void flush(void) {
  for (u32 at = 0; at < outputEnd;) {
    long n = call6(WRITE, 1, (long)(output + at), outputEnd - at, 0, 0, 0);
    if (n == -4) continue;
    if (n <= 0) quit(3);
    at += (u32)n;
  }
  outputEnd = 0;
}

/* Reads exactly `bytes`; the end of the input where a case could start ends the program. */
static void take(void *to, u32 bytes, int mayEnd) {
  for (u8 *p = to; bytes > 0;) {
    if (inputAt == inputEnd) {
      long n = call6(READ, 0, (long)input, INPUT_BYTES, 0, 0, 0);
      if (n == -4) continue;
      if (n <= 0) {
        flush();
        quit(n == 0 && mayEnd ? 0 : 4);
      }
      inputAt = 0;
      inputEnd = (u32)n;
    }
    u32 part = inputEnd - inputAt < bytes ? inputEnd - inputAt : bytes;
    copy(p, input + inputAt, part);
    inputAt += part;
    p += part;
    bytes -= part;
    mayEnd = 0;
  }
}

static void give(const void *from, u32 bytes) {
  copy(output + outputEnd, from, bytes);
  outputEnd += bytes;
}

/*
 * enter: loads the whole state and jumps; the handler comes back to `leave`. Addresses are absolute (the program is linked below 2
 * GiB), so that no register is needed. The flags go in on our own stack.
 */
void enter64(void);
void enter32(void);
void leave(void);
#define LOAD_COMMON                                                                                                              \
  "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"                                                           \
  "mov %rsp, hostRsp\n"                                                                                                          \
  "mov state+164, %ax; mov %ax, %ds\n"                                                                                           \
  "mov state+166, %ax; mov %ax, %es\n"                                                                                           \
  "mov state+168, %ax; mov %ax, %fs\n"                                                                                           \
  "mov state+170, %ax; mov %ax, %gs\n"                                                                                           \
  "mov state+144, %rax; wrfsbase %rax\n"                                                                                         \
  "mov state+152, %rax; wrgsbase %rax\n"                                                                                         \
  "fxrstor64 state+176\n"                                                                                                        \
  "pushq state+136; popfq\n"                                                                                                     \
  "mov state+8, %rcx; mov state+16, %rdx; mov state+24, %rbx; mov state+40, %rbp; mov state+48, %rsi; mov state+56, %rdi\n"      \
  "mov state+64, %r8; mov state+72, %r9; mov state+80, %r10; mov state+88, %r11\n"                                               \
  "mov state+96, %r12; mov state+104, %r13; mov state+112, %r14; mov state+120, %r15\n"                                          \
  "mov state+32, %rsp; mov state, %rax\n"
__asm__(".text\n"
        "enter64:\n" LOAD_COMMON "jmp *state+128\n"
        "enter32:\n" LOAD_COMMON "ljmp *farTarget\n"
        "leave:\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "ret\n"
        /* Alignment checks hold in the handler too, until it clears AC. */
        "handlerEntry:\n"
        "pushfq; andq $~0x40000, (%rsp); popfq\n"
        "jmp handler\n"
        "restorer:\n"
        "mov $15, %eax; syscall\n"
        ".globl _start\n"
        "_start:\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call start\n");
void handlerEntry(void);
void restorer(void);

/* struct ucontext of Linux, as far as it is used (asm/ucontext.h, asm/sigcontext.h). */
enum { R8, R9, R10, R11, R12, R13, R14, R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP, EFL, CSGSFS, ERR, TRAPNO, OLDMASK, CR2 };
struct context {
  u64 flags, link;
  struct { u64 pointer; u32 flags, pad; u64 size; } stack;
  u64 regs[23];
  u8 *fx;
};
static const u8 ORDER[16] = {RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15};
/* Time is counted while user code runs: on a busy host a case may stand still for long. */
enum { ITIMER_VIRTUAL = 1, SIGVTALRM = 26 };

__attribute__((used)) void handler(int signal, void *info, struct context *c) {
  (void)info;
  u64 *regs = c->regs;
  int inside = running && (regs[RIP] < (u64)enter64 || regs[RIP] >= (u64)leave);
  if (signal == SIGVTALRM && (!inside || ++ticks < TICKS)) return;
  if (signal != SIGVTALRM && !inside) quit(5);
  running = 0;
  outcome.trap = signal == SIGVTALRM ? TIMED_OUT : (u32)regs[TRAPNO];
  outcome.error = (u32)regs[ERR];
  outcome.address = regs[CR2];
  for (int n = 0; n < 16; n++) state.gpr[n] = regs[ORDER[n]];
  state.rip = regs[RIP];
  state.rflags = regs[EFL];
  state.cs = (u16)regs[CSGSFS];
  state.ss = (u16)(regs[CSGSFS] >> 48);
  __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3" : "=m"(state.ds), "=m"(state.es), "=m"(state.fs), "=m"(state.gs));
  __asm__ volatile("rdfsbase %0; rdgsbase %1" : "=&r"(state.fsBase), "=&r"(state.gsBase));
  copy(state.fx, c->fx, 416);
  regs[RIP] = (u64)leave;
  regs[RSP] = hostRsp;
  regs[EFL] = 0x202;
  regs[CSGSFS] = 0x33 | ((u64)0x2b << 48);
}

static void mapAt(u64 address, u64 bytes, int protection) {
  enum { PRIVATE_FIXED_ANONYMOUS = 0x32 };
  if (call6(MMAP, (long)address, (long)bytes, protection, PRIVATE_FIXED_ANONYMOUS, -1, 0) != (long)address) quit(6);
}

static void prepareSignals(void) {
  struct { void *pointer; u32 flags, pad; u64 size; } stack = {signalStack, 0, 0, sizeof signalStack};
  call6(SIGALTSTACK, (long)&stack, 0, 0, 0, 0, 0);
  /* SA_SIGINFO, SA_RESTORER, SA_ONSTACK, SA_RESTART */
  struct { void *handler; u64 flags; void *restorer; u64 mask; } action = {handlerEntry, 0x1c000004, restorer, 1ull << (SIGVTALRM - 1)};
  static const u8 signals[] = {4, 5, 7, 8, 11, SIGVTALRM};
  for (u32 n = 0; n < sizeof signals; n++)
    if (call6(SIGACTION, signals[n], (long)&action, 0, 8, 0, 0) != 0) quit(7);
  long timer[4] = {0, TICK_US, 0, TICK_US};
  call6(SETITIMER, ITIMER_VIRTUAL, (long)timer, 0, 0, 0, 0);
}

/* Whether the kernel lets user code use RDFSBASE and its kin: AT_HWCAP2 (26), bit 1. */
static int hasFsgsbase(u64 *stack) {
  u64 *at = stack + 1 + stack[0] + 1;
  while (*at++ != 0) {}
  for (; at[0] != 0; at += 2)
    if (at[0] == 26) return (int)(at[1] >> 1) & 1;
  return 0;
}

static void report(void) {
  if (outputEnd > OUTPUT_BYTES - ROOM_FOR_ONE) flush();
  u32 lengthAt = outputEnd;
  outputEnd += 4;
  give(&outcome, sizeof outcome);
  give(&state, IMAGE_BYTES);
  u32 countAt = outputEnd;
  u16 count = 0;
  outputEnd += 2;
  u8 *window = (u8 *)WINDOW;
  for (u32 word = 0; word < WINDOW_BYTES; word += 8) {
    if (*(u64 *)(window + word) == *(u64 *)(pristine + word)) continue;
    u16 head[2] = {(u16)word, 8};
    give(head, 4);
    give(window + word, 8);
    *(u64 *)(window + word) = *(u64 *)(pristine + word);
    count++;
  }
  *(u16 *)(output + countAt) = count;
  *(u32 *)(output + lengthAt) = outputEnd - lengthAt - 4;
}

struct patch { u16 offset, length; };
static u8 patchBytes[1 << 14];

/* One case. The window with the patches becomes what differences are taken against, and is put back afterwards. */
static void runOne(void) {
  struct { u8 bits, pad; u16 codeLength, patchCount, patchLength; } head;
  u8 code[256];
  take(&head, sizeof head, 1);
  take(&state, IMAGE_BYTES, 0);
  if (head.codeLength > sizeof code || head.patchLength > sizeof patchBytes) quit(8);
  take(code, head.codeLength, 0);
  take(patchBytes, head.patchLength, 0);
  for (u32 at = 0, n = 0; n < head.patchCount; n++) {
    struct patch *p = (struct patch *)(patchBytes + at);
    at += 4;
    if (p->offset + p->length > WINDOW_BYTES) quit(9);
    copy(pristine + p->offset, patchBytes + at, p->length);
    copy((u8 *)WINDOW + p->offset, patchBytes + at, p->length);
    at += p->length;
  }
  u64 start = state.rip;
  if (start < CODE || start + head.codeLength > CODE + PAGE) quit(10);
  copy((void *)start, code, head.codeLength);
  ticks = 0;
  farTarget.offset = (u32)start;
  farTarget.selector = 0x23;
  running = 1;
  if (head.bits == 32) enter32();
  else enter64();
  report();
  u64 bytes = head.codeLength;
  __asm__ volatile("rep stosb" : "+D"(start), "+c"(bytes) : "a"(0xcc) : "memory");
  for (u32 at = 0, n = 0; n < head.patchCount; n++) {
    struct patch *p = (struct patch *)(patchBytes + at);
    at += 4 + p->length;
    copy(pristine + p->offset, original + p->offset, p->length);
    copy((u8 *)WINDOW + p->offset, original + p->offset, p->length);
  }
}

__attribute__((used)) void start(u64 *stack) {
  enum { READ_ONLY = 1, READ_WRITE = 3, READ_WRITE_EXECUTE = 7, PR_SET_SECCOMP = 22, SECCOMP_STRICT = 1 };
  if (!hasFsgsbase(stack)) quit(11);
  mapAt(CODE, PAGE, READ_WRITE_EXECUTE);
  mapAt(WINDOW, WINDOW_BYTES + READ_ONLY_BYTES, READ_WRITE);
  u64 to = CODE, bytes = PAGE;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0xcc) : "memory");
  take(original, sizeof original, 0);
  copy(pristine, original, sizeof pristine);
  copy((void *)WINDOW, original, sizeof original);
  enum { MPROTECT = 10 };
  if (call6(MPROTECT, WINDOW + WINDOW_BYTES, READ_ONLY_BYTES, READ_ONLY, 0, 0, 0) != 0) quit(12);
  prepareSignals();
  if (call6(PRCTL, PR_SET_SECCOMP, SECCOMP_STRICT, 0, 0, 0, 0) != 0) quit(13);
  for (;;) runOne();
}
