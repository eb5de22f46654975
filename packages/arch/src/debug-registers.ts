import { bitfield } from './bitfield.ts'

const BREAK_ON = { 0: 'execution', 1: 'data write', 2: 'I/O', 3: 'data read or write' }
const LENGTH = { 0: '1 byte', 1: '2 bytes', 2: '8 bytes', 3: '4 bytes' }

/** DR6, debug status. BLD and RTM are active low: the processor clears them to report. */
export const DR6 = /* @__PURE__ */ bitfield({
  name: 'DR6',
  widthBits: 64,
  source: 'Intel SDM vol. 3B, 19.2.3 "Debug Status Register (DR6)"; AMD APM vol. 2, 13.1.1.3',
  fields: {
    B0: [0, 'the condition of breakpoint 0 was met'],
    B1: [1, 'the condition of breakpoint 1 was met'],
    B2: [2, 'the condition of breakpoint 2 was met'],
    B3: [3, 'the condition of breakpoint 3 was met'],
    BLD: [11, '0: a bus lock was detected'],
    BD: [13, 'the next instruction would access a debug register while DR7.GD is set'],
    BS: [14, 'single step'],
    BT: [15, 'switch to a task whose TSS has T set'],
    RTM: [16, '0: the exception occurred inside a transactional region'],
  },
  alwaysOne: '31:17,10:4',
})

/** DR7, debug control. */
export const DR7 = /* @__PURE__ */ bitfield({
  name: 'DR7',
  widthBits: 64,
  source: 'Intel SDM vol. 3B, 19.2.4 "Debug Control Register (DR7)"; AMD APM vol. 2, 13.1.1.4',
  fields: {
    L0: [0, 'breakpoint 0 enabled until a task switch'],
    G0: [1, 'breakpoint 0 enabled'],
    L1: [2, 'breakpoint 1 enabled until a task switch'],
    G1: [3, 'breakpoint 1 enabled'],
    L2: [4, 'breakpoint 2 enabled until a task switch'],
    G2: [5, 'breakpoint 2 enabled'],
    L3: [6, 'breakpoint 3 enabled until a task switch'],
    G3: [7, 'breakpoint 3 enabled'],
    LE: [8, 'local exact breakpoints; without effect since P6'],
    GE: [9, 'global exact breakpoints; without effect since P6'],
    RTM: [11, 'advanced debugging of transactional regions'],
    GD: [13, 'general detect: an access to a debug register raises #DB'],
    RW0: ['17:16', 'breakpoint 0 breaks on', { values: BREAK_ON }],
    LEN0: ['19:18', 'length of breakpoint 0', { values: LENGTH }],
    RW1: ['21:20', 'breakpoint 1 breaks on', { values: BREAK_ON }],
    LEN1: ['23:22', 'length of breakpoint 1', { values: LENGTH }],
    RW2: ['25:24', 'breakpoint 2 breaks on', { values: BREAK_ON }],
    LEN2: ['27:26', 'length of breakpoint 2', { values: LENGTH }],
    RW3: ['29:28', 'breakpoint 3 breaks on', { values: BREAK_ON }],
    LEN3: ['31:30', 'length of breakpoint 3', { values: LENGTH }],
  },
  alwaysOne: 10,
})
