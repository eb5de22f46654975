/** What gdb is told, and what it must say. */
import type { DebugArchitecture } from '@ringfold/cpu'
import { COUNTERS } from './program.ts'

/** What gdb echoes before it lets the machine run. */
export const RUNNING = 'it runs'

export interface Scenario {
  readonly name: string
  /** Commands after `target remote`. */
  readonly commands: readonly string[]
  /** In this order in the output. */
  readonly expected: readonly RegExp[]
  /** Processors of the machine. */
  readonly processors: number
  /** How gdb reads code, if not as 64-bit code. */
  readonly architecture?: DebugArchitecture
  /** Ctrl-C a while after gdb has said that it is `RUNNING`. */
  readonly isInterrupted?: boolean
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`

/** Scenarios for the addresses of the program. */
export function scenarios(labels: ReadonlyMap<string, bigint>): readonly Scenario[] {
  const at = (label: string): bigint => labels.get(label) as bigint
  const place = (label: string): string => hex(at(label))
  const long = (label: string): string => `0x${at(label).toString(16).padStart(16, '0')}`
  return [
    {
      name: 'the reset vector, and real mode by single steps',
      processors: 1,
      commands: [
        'info registers rip cs',
        'monitor disas $pc 1',
        'stepi',
        'p/x $pc',
        'stepi',
        'monitor info cpus',
        'p $cr0',
      ],
      expected: [
        /rip +0xfffffff0/,
        /cs +0xf000/,
        /0xfffffff0: {2}ea000000f0 +jmp 0xf000:0x0/,
        /= 0xf0000\n/,
        /\* processor 0 \(real, CPL 0, running\)/,
        /= \[ ET NW CD \]/,
      ],
    },
    {
      name: 'breakpoints, registers, memory and code in 64-bit mode',
      processors: 1,
      commands: [
        `break *${place('work')}`,
        'continue',
        'info registers rip rax r15 efer cr4 eflags',
        'x/3i $pc',
        'x/2xg $rsp',
        'p $xmm1.v2_int64[0]',
        `hbreak *${place('counted')}`,
        'delete 1',
        'continue',
        `x/xg ${hex(COUNTERS + 0x100)}`,
        'info breakpoints',
      ],
      expected: [
        new RegExp(`Breakpoint 1, ${long('work')}`),
        new RegExp(`rip +${place('work')}`),
        /rax +0x7 /,
        /r15 +0x0 /,
        /efer +0x500 +\[ LME LMA \]/,
        /cr4 +0x620 +\[ PAE OSFXSR OSXMMEXCPT \]/,
        /push +%rbp\n.*mov +%rsp,%rbp\n.*lea +0x1\(%rax,%rax,2\),%rax/,
        new RegExp(`:\\t${long('counted')}`),
        new RegExp(`= ${COUNTERS}`),
        new RegExp(`Breakpoint 2, ${long('counted')}`),
        /:\t0x0000000000000016/,
        /breakpoint already hit 1 time/,
      ],
    },
    {
      name: 'hardware watchpoints: of writes, reads and both',
      processors: 1,
      commands: [
        `watch *(long long*)${hex(COUNTERS)}`,
        'continue',
        'continue',
        'delete',
        `rwatch *(long long*)${hex(COUNTERS)}`,
        'continue',
        'delete',
        `awatch *(long long*)${hex(COUNTERS + 0x100)}`,
        'continue',
      ],
      expected: [
        /Hardware watchpoint 1:/,
        /Hardware watchpoint 1: .*\n\nOld value = 0\nNew value = 1/,
        /Hardware watchpoint 1: .*\n\nOld value = 1\nNew value = 2/,
        /Hardware read watchpoint 2: .*\n\nValue = 2/,
        /Hardware access \(read\/write\) watchpoint 3:/,
        /Old value = \d+\nNew value = \d+/,
      ],
    },
    {
      name: 'writing registers, memory and code',
      processors: 1,
      commands: [
        `break *${place('work')}`,
        'continue',
        'set $rax = 0x100',
        'set $r9 = 0x1122334455667788',
        'set $xmm3.v4_int32[1] = 5',
        'set $eflags |= 1',
        'stepi',
        'stepi',
        'stepi',
        'p/x $rax',
        'p/x $r9',
        'p $xmm3.v2_int64[0]',
        'p $eflags',
        'set {int}0x9800 = 0x01020304',
        'x/4xb 0x9800',
        // LEA becomes XOR EAX, EAX and NOPs; the loop comes here again.
        `set {int}(${place('work')}+4) = 0x9090c031`,
        `set {char}(${place('work')}+8) = 0x90`,
        `x/2i ${place('work')}+4`,
        `hbreak *${place('counted')}`,
        'continue',
        'continue',
        'continue',
        'p/x $rax',
        'p $cr3 = 0x123456',
        'set $pc = 0x8000',
        'p/x $pc',
      ],
      expected: [
        /= 0x301/,
        /= 0x1122334455667788/,
        /= 21474836480/,
        /= \[.*CF.*\]/,
        /0x9800:\t0x04\t0x03\t0x02\t0x01/,
        /xor +%eax,%eax\n.*nop/,
        /Breakpoint 2/,
        /Breakpoint 1/,
        /Breakpoint 2/,
        /= 0x0\n/,
        /= 0x8000/,
      ],
    },
    {
      name: 'processors as threads',
      processors: 3,
      commands: [
        'info threads',
        `break *${place('counted')} thread 2`,
        'continue',
        'info threads',
        'p $r15',
        'thread 3',
        'set scheduler-locking on',
        'stepi',
        'stepi',
        'thread 2',
        `p/x $pc == ${place('counted')}`,
        'set scheduler-locking off',
        'stepi',
        `x/3dg ${hex(COUNTERS)}`,
        'thread apply all p $r15',
      ],
      expected: [
        /\* 1 +Thread 1 "cpu0" \(processor 0 \(real, CPL 0, running\)\)/,
        /3 +Thread 3 "cpu2" \(processor 2 \(real, CPL 0, waiting for SIPI\)\)/,
        new RegExp(`Thread 2 "cpu1" hit Breakpoint 1, ${long('counted')}`),
        /\* 2 +Thread 2 "cpu1" \(processor 1 \(64-bit, CPL 0, running\)\)/,
        /= 1\n/,
        /Switching to thread 3/,
        /Switching to thread 2/,
        /= 0x1\n/,
        /Thread 3[^\n]*\n.*= 0\n[\s\S]*Thread 2[^\n]*\n.*= 1\n[\s\S]*Thread 1[^\n]*\n.*= 0\n/,
      ],
    },
    {
      name: '16-bit code as 16-bit code, by linear addresses',
      processors: 1,
      architecture: 'i8086',
      commands: [
        'x/i $pc',
        'break *0xf0002',
        'continue',
        'x/2i $pc',
        'monitor pc offset',
        'maintenance flush register-cache',
        'p/x $eip',
        'monitor pc linear',
        'maintenance flush register-cache',
        'tbreak *0x8000',
        'continue',
        'info registers eip ecx efer',
        'p $xmm0.v4_int32',
      ],
      expected: [
        /0xfffffff0:\tljmp +\$0xf000,\$0x0/,
        /Breakpoint 1, 0x000f0002/,
        /mov +%cs,%ax\n.*mov +%ax,%ds/,
        /= 0x2\n/,
        /Temporary breakpoint 2, 0x00008000/,
        /eip +0x8000/,
        /ecx +0x0 /,
        /efer +0x0/,
        /= \{0, 0, 0, 0\}/,
      ],
    },
    {
      name: 'Ctrl-C, and detaching',
      processors: 2,
      commands: [
        `echo ${RUNNING}\\n`,
        'continue',
        'p/x $cs',
        `p *(long long*)${hex(COUNTERS)} > 100`,
        'monitor walk 9000',
        'detach',
        'info threads',
      ],
      isInterrupted: true,
      expected: [
        /received signal SIGINT/,
        /= 0x8\n/,
        /= 1\n/,
        /PML4E +at 0x4000: 0x5027[\s\S]*0x9000 -> physical 0x9000 \(page of 2097152 bytes; user, writable, executable\)/,
        /\[Inferior 1 \(Remote target\) detached\]/,
        /No threads\./,
      ],
    },
    {
      name: 'next instruction over calls, temporary breakpoints, conditions, finish',
      processors: 1,
      commands: [
        `tbreak *${place('top')}`,
        'continue',
        'nexti',
        'p/x $pc',
        `break *${place('work')} if *(long long*)${hex(COUNTERS)} == 5`,
        'continue',
        `p *(long long*)${hex(COUNTERS)}`,
        `advance *${place('counted')}`,
        'p/x $pc',
        'delete',
        `tbreak *${place('work')}`,
        'continue',
        'finish',
        'p/x $pc + 0',
        'info registers k_gs_base dr7',
        'monitor info registers',
      ],
      expected: [
        new RegExp(`Temporary breakpoint 1, ${long('top')}`),
        new RegExp(`= ${place('counted')}\n`),
        new RegExp(`Breakpoint 2, ${long('work')}`),
        /= 5\n/,
        new RegExp(`= ${place('counted')}\n`),
        new RegExp(`= ${place('counted')}\n`),
        /k_gs_base +0x0/,
        /dr7 +0x400/,
        /retired +\d+/,
      ],
    },
  ]
}
