/* Restores state from one area and saves it to another, natively: records from standard input, outcomes to standard output. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct record {
  uint8_t restore;        /* 0 FXRSTOR, 1 XRSTOR */
  uint8_t save;           /* 0 FXSAVE, 1 XSAVE, 2 XSAVEOPT, 3 XSAVEC */
  uint8_t wide;           /* REX.W */
  uint8_t padding;
  uint32_t mask;          /* EAX; EDX is 0 */
  uint32_t faulted;       /* out */
  uint8_t more[52];
  uint8_t source[1024];
  uint8_t target[1024];   /* in and out */
} __attribute__((packed, aligned(64)));

static struct record r;
static uint8_t initial[1024] __attribute__((aligned(64)));
static sigjmp_buf out;

static void onSignal(int number) { siglongjmp(out, number); }

/* Nothing stands between the two that could touch the state. */
#define PAIR(RESTORE, SAVE)                                            \
  __asm__ volatile(RESTORE " (%0)\n " SAVE " (%1)"                     \
                   : : "r"(r.source), "r"(r.target), "a"(r.mask), "d"(0) : "memory"); break
#define SAVES(RESTORE)                                                 \
  switch (r.save * 2 + r.wide) {                                       \
    case 0: PAIR(RESTORE, "fxsave");                                   \
    case 1: PAIR(RESTORE, "fxsave64");                                 \
    case 2: PAIR(RESTORE, "xsave");                                    \
    case 3: PAIR(RESTORE, "xsave64");                                  \
    case 4: PAIR(RESTORE, "xsaveopt");                                 \
    case 5: PAIR(RESTORE, "xsaveopt64");                               \
    case 6: PAIR(RESTORE, "xsavec");                                   \
    case 7: PAIR(RESTORE, "xsavec64");                                 \
  }                                                                    \
  break

static void run(void) {
  switch (r.restore * 2 + r.wide) {
    case 0: SAVES("fxrstor");
    case 1: SAVES("fxrstor64");
    case 2: SAVES("xrstor");
    case 3: SAVES("xrstor64");
  }
}

int main(void) {
  static const uint32_t mxcsr = 0x1f80;
  struct sigaction action = {.sa_handler = onSignal, .sa_flags = SA_NODEFER};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGFPE, &action, 0);
  memcpy(initial + 24, &mxcsr, 4);
  while (fread(&r, sizeof r, 1, stdin) == 1) {
    __asm__ volatile("xrstor64 (%0)" : : "r"(initial), "a"(7), "d"(0) : "memory");
    int number = sigsetjmp(out, 0);
    if (number == 0) run();
    r.faulted = number != 0;
    __asm__ volatile("fninit\n ldmxcsr %0\n vzeroupper" : : "m"(mxcsr));
    fwrite(&r, sizeof r, 1, stdout);
  }
  return 0;
}
_Static_assert(sizeof(struct record) == 2112, "record");
