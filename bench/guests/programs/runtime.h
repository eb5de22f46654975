/* What the programs stand on: system calls of Linux for x86-64 and i386, and output. No libc, so that both widths build anywhere. */
#pragma once
#include <stdint.h>

typedef long word;
typedef unsigned long uword;

word sys(word number, word a, word b, word c, word d, word e, word f);

#ifdef __x86_64__
enum { SYS_read = 0, SYS_write = 1, SYS_mmap = 9, SYS_munmap = 11, SYS_pipe = 22, SYS_fork = 57, SYS_execve = 59 };
enum { SYS_exit = 60, SYS_wait4 = 61, SYS_getrusage = 98, SYS_getppid = 110 };
#else
enum { SYS_exit = 1, SYS_fork = 2, SYS_read = 3, SYS_write = 4, SYS_execve = 11, SYS_pipe = 42, SYS_getppid = 64 };
enum { SYS_getrusage = 77, SYS_munmap = 91, SYS_wait4 = 114, SYS_mmap = 192 };
#endif

#define NOINLINE __attribute__((noinline))

void say(const char *text);
void say_number(uint64_t value);
/* Anonymous pages that may be read, written and executed. */
void *pages(uword bytes);
extern char **environment;
extern const char *own_path;

/* A row does so many units of work, and returns what must be the same everywhere. */
typedef uint64_t (*row)(uint64_t units);
uint64_t next_random(uint64_t *state);

uint64_t alu(uint64_t units), divide(uint64_t units), int64(uint64_t units), calls(uint64_t units), bytecode(uint64_t units);
uint64_t chase16k(uint64_t units), chase1m(uint64_t units), chase32m(uint64_t units), copy(uint64_t units);
uint64_t repmovs(uint64_t units), x87(uint64_t units), sse2d(uint64_t units), sse2i(uint64_t units);
uint64_t sha256(uint64_t units), gzip(uint64_t units), sort(uint64_t units), lisp(uint64_t units);
uint64_t syscalls(uint64_t units), forks(uint64_t units), faults(uint64_t units), pipes(uint64_t units), nop(uint64_t units);
uint64_t smc(uint64_t units), jit(uint64_t units);
