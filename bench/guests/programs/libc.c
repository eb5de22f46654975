/* `libc memcpy UNITS`: the row of libc's own memcpy, which chooses its way by the processor. A unit: 4096 bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static unsigned long long used(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ull + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int count, char **arguments) {
  static char from[4096], to[4096];
  void *(*volatile copy)(void *, const void *, size_t) = memcpy;
  if (count != 3 || strcmp(arguments[1], "memcpy") != 0) return 2;
  unsigned long long units = strtoull(arguments[2], 0, 10);
  for (int n = 0; n < 4096; n++) from[n] = (char)(n * 7);
  printf("\nRINGFOLD-BEGIN memcpy\n");
  fflush(stdout);
  unsigned long long start = used();
  for (unsigned long long n = 0; n < units; n++) copy(to, from, sizeof from);
  printf("\nRINGFOLD-END memcpy %d %llu\n", (unsigned char)to[99], used() - start);
  return 0;
}
