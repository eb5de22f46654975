/** The rows of the benchmark: programs of programs/, with as many units of work as take QEMU's TCG about a second. */

export type Group = 'compute' | 'system' | 'simd' | 'code'

export interface Row {
  readonly name: string
  readonly title: string
  readonly group: Group
  /** Units of work: what one is, the program's source says. */
  readonly units: number
  /** Needs a libc: built for 64 bits only. */
  readonly libc?: true
}

export const ROWS: readonly Row[] = [
  { name: 'boot', title: 'boot to the first user process', group: 'system', units: 1 },
  { name: 'alu', title: 'ALU loop', group: 'compute', units: 200e6 },
  { name: 'div', title: 'division', group: 'compute', units: 100e6 },
  { name: 'int64', title: '64-bit arithmetic', group: 'compute', units: 150e6 },
  { name: 'calls', title: 'recursive calls', group: 'compute', units: 3000 },
  { name: 'switch', title: 'switch interpreter', group: 'compute', units: 8e6 },
  { name: 'chase16k', title: 'pointer chase, 16 KB', group: 'compute', units: 120e3 },
  { name: 'chase1m', title: 'pointer chase, 1 MB', group: 'compute', units: 30e3 },
  { name: 'chase32m', title: 'pointer chase, 32 MB', group: 'compute', units: 2000 },
  { name: 'memcpy', title: "libc's memcpy, 4 KB", group: 'compute', units: 500e3, libc: true },
  { name: 'copy', title: 'word copy, 4 KB', group: 'compute', units: 150e3 },
  { name: 'repmovs', title: 'rep movsb, 4 KB', group: 'compute', units: 200e3 },
  { name: 'sha256', title: 'SHA-256 rounds', group: 'compute', units: 200 },
  { name: 'gzip', title: 'compressor', group: 'compute', units: 60 },
  { name: 'sort', title: 'quicksort', group: 'compute', units: 40 },
  { name: 'lisp', title: 'list interpreter', group: 'compute', units: 2000 },
  { name: 'syscall', title: 'system calls', group: 'system', units: 1e6 },
  { name: 'fork', title: 'fork and exec', group: 'system', units: 800 },
  { name: 'faults', title: 'page faults', group: 'system', units: 300 },
  { name: 'pipe', title: 'switches over a pipe', group: 'system', units: 5000 },
  { name: 'x87', title: 'x87 floating point', group: 'simd', units: 3e6 },
  { name: 'sse2d', title: 'SSE2 double', group: 'simd', units: 80e3 },
  { name: 'sse2i', title: 'SSE2 integer', group: 'simd', units: 7000 },
  { name: 'smc', title: 'self-modifying code', group: 'code', units: 100e3 },
  { name: 'jit', title: 'a guest JIT', group: 'code', units: 20e3 },
]
