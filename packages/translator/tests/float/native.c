/* Runs single SSE and x87 instructions on this processor: records from standard input, outcomes to standard output. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

struct record {            /* 256 bytes, in and out alike */
  uint8_t code[15];        /* memory operands are at [rdi] */
  uint8_t length;
  uint32_t mxcsr;
  uint32_t eflags;         /* status flags */
  uint64_t rax;
  uint8_t xmm[3][16];
  uint8_t memory[16];
  uint8_t fpu[108];        /* as FNSAVE writes it in protected mode */
  uint32_t trapped;        /* out: the instruction raised SIGFPE */
  uint8_t isX87;
  uint8_t padding[47];
} __attribute__((packed));

static uint8_t *stub;
static volatile uint32_t trapped;
static uint32_t length;

static void onSignal(int number, siginfo_t *info, void *context) {
  (void)number; (void)info;
  ucontext_t *u = context;
  trapped = 1;
  u->uc_mcontext.gregs[REG_RIP] = (greg_t)(stub + length);
}

static void runSse(struct record *r) {
  uint64_t flags = r->eflags, rax = r->rax;
  static const uint32_t quiet = 0x1f80;
  __asm__ volatile(
      "movups %[x0], %%xmm0\n movups %[x1], %%xmm1\n movups %[x2], %%xmm2\n"
      "ldmxcsr %[mxcsr]\n pushq %[flags]\n popfq\n"
      "call *%[stub]\n"
      "pushfq\n popq %[flags]\n stmxcsr %[mxcsr]\n ldmxcsr %[quiet]\n movups %%xmm0, %[x0]\n"
      : "+a"(rax), [x0] "+m"(r->xmm[0]), [mxcsr] "+m"(r->mxcsr), [flags] "+b"(flags)
      : [x1] "m"(r->xmm[1]), [x2] "m"(r->xmm[2]), [stub] "r"(stub), "D"(r->memory), [quiet] "m"(quiet)
      : "xmm0", "xmm1", "xmm2", "cc", "memory");
  r->rax = rax;
  r->eflags = flags;
}

static void runX87(struct record *r) {
  uint64_t flags = r->eflags, rax = r->rax;
  __asm__ volatile(
      "frstor %[fpu]\n pushq %[flags]\n popfq\n"
      "call *%[stub]\n"
      "pushfq\n popq %[flags]\n fnsave %[fpu]\n fninit\n"
      : "+a"(rax), [fpu] "+m"(r->fpu), [flags] "+b"(flags)
      : [stub] "r"(stub), "D"(r->memory)
      : "cc", "memory");
  r->rax = rax;
  r->eflags = flags;
}

static int transfer(int isWrite, void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t n = isWrite ? write(1, (char *)bytes + done, size - done) : read(0, (char *)bytes + done, size - done);
    if (n <= 0) return 0;
    done += n;
  }
  return 1;
}

int main(void) {
  static struct record records[256];
  struct sigaction action = {.sa_sigaction = onSignal, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, 0);
  stub = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (stub == MAP_FAILED) return 1;
  uint32_t count;
  while (transfer(0, &count, 4)) {
    if (count > 256 || !transfer(0, records, count * sizeof *records)) return 2;
    for (uint32_t n = 0; n < count; n++) {
      struct record *r = &records[n];
      memcpy(stub, r->code, r->length);
      stub[r->length] = 0xc3;
      length = r->length;
      trapped = 0;
      if (r->isX87) runX87(r); else runSse(r);
      r->trapped = trapped;
    }
    if (!transfer(1, records, count * sizeof *records)) return 3;
  }
  return 0;
}
_Static_assert(sizeof(struct record) == 256, "record");
