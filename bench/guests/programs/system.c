/* Rows that are the kernel's work, and rows whose code changes while it runs. */
#include "runtime.h"

enum { PAGE = 4096, FAULT_PAGES = 256, FAR_CODE = 65536 };

uint64_t syscalls(uint64_t units) {
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) sum += sys(SYS_getppid, 0, 0, 0, 0, 0, 0) >= 0;
  return sum;
}

uint64_t forks(uint64_t units) {
  const char *arguments[] = {own_path, "nop", 0};
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    word child = sys(SYS_fork, 0, 0, 0, 0, 0, 0);
    if (child == 0) {
      sys(SYS_execve, (word)own_path, (word)arguments, (word)environment, 0, 0, 0);
      sys(SYS_exit, 1, 0, 0, 0, 0, 0);
    }
    int status = 1;
    sys(SYS_wait4, child, (word)&status, 0, 0, 0, 0);
    sum += status == 0;
  }
  return sum;
}

/* A unit: 256 pages that are touched for the first time. */
uint64_t faults(uint64_t units) {
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    volatile char *memory = pages(FAULT_PAGES * PAGE);
    for (int page = 0; page < FAULT_PAGES; page++) {
      memory[page * PAGE] = (char)page;
      sum += (unsigned char)memory[page * PAGE];
    }
    sys(SYS_munmap, (word)memory, FAULT_PAGES * PAGE, 0, 0, 0, 0);
  }
  return sum;
}

/* A unit: one byte to another process and back. */
uint64_t pipes(uint64_t units) {
  int there[2], back[2];
  char byte = 1;
  sys(SYS_pipe, (word)there, 0, 0, 0, 0, 0);
  sys(SYS_pipe, (word)back, 0, 0, 0, 0, 0);
  word child = sys(SYS_fork, 0, 0, 0, 0, 0, 0);
  if (child == 0) {
    for (uint64_t n = 0; n < units; n++) {
      sys(SYS_read, there[0], (word)&byte, 1, 0, 0, 0);
      byte++;
      sys(SYS_write, back[1], (word)&byte, 1, 0, 0, 0);
    }
    sys(SYS_exit, 0, 0, 0, 0, 0, 0);
  }
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    sys(SYS_write, there[1], (word)&byte, 1, 0, 0, 0);
    sys(SYS_read, back[0], (word)&byte, 1, 0, 0, 0);
    sum += (unsigned char)byte;
  }
  sys(SYS_wait4, child, 0, 0, 0, 0, 0);
  return sum;
}

/* mov eax, imm32; add eax, edi (or the argument on the stack); ret */
#ifdef __x86_64__
static const unsigned char TEMPLATE[] = {0xb8, 0, 0, 0, 0, 0x01, 0xf8, 0xc3};
#else
static const unsigned char TEMPLATE[] = {0xb8, 0, 0, 0, 0, 0x03, 0x44, 0x24, 0x04, 0xc3};
#endif
typedef uint32_t (*made)(uint32_t);

static made make(unsigned char *at, uint32_t value) {
  for (uword n = 0; n < sizeof TEMPLATE; n++) at[n] = TEMPLATE[n];
  for (int n = 0; n < 4; n++) at[1 + n] = (unsigned char)(value >> (8 * n));
  return (made)at;
}

/* A unit: one constant of a function is changed, and the function called. */
uint64_t smc(uint64_t units) {
  unsigned char *code = pages(PAGE);
  made function = make(code, 0);
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    *(volatile uint32_t *)(code + 1) = (uint32_t)n;
    sum += function((uint32_t)sum);
  }
  return sum;
}

/* A unit: a small function is written to where none was lately, and called ten times. */
uint64_t jit(uint64_t units) {
  unsigned char *code = pages(FAR_CODE);
  uint64_t sum = 0;
  for (uint64_t n = 0; n < units; n++) {
    made function = make(code + (n * 48) % (FAR_CODE - 64), (uint32_t)n);
    for (int call = 0; call < 10; call++) sum += function((uint32_t)sum);
  }
  return sum;
}
