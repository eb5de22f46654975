import { bitfield } from './bitfield.ts'

/** A segment selector. */
export const SELECTOR = /* @__PURE__ */ bitfield({
  name: 'segment selector',
  widthBits: 16,
  source: 'Intel SDM vol. 3A, 3.4.2 "Segment Selectors"; AMD APM vol. 2, 4.5.1',
  fields: {
    RPL: ['1:0', 'requested privilege level'],
    TI: [2, 'table indicator', { values: { 0: 'GDT', 1: 'LDT' } }],
    INDEX: ['15:3', 'index of the descriptor, in units of 8 bytes'],
  },
})

/** The error code of #TS, #NP, #SS, #GP and (always zero) #DF. */
export const SELECTOR_ERROR_CODE = /* @__PURE__ */ bitfield({
  name: 'selector error code',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 7.13 "Error Code"; AMD APM vol. 2, 8.4.1 "Selector-Error Code"',
  fields: {
    EXT: [0, 'the event was external to the program, or occurred while an earlier event was delivered'],
    IDT: [1, 'the index refers to a gate of the IDT'],
    TI: [2, 'table indicator, if IDT is 0', { values: { 1: 'LDT' } }],
    INDEX: ['15:3', 'index of the descriptor or gate'],
  },
})

/** The error code of #CP. */
export const CONTROL_PROTECTION_ERROR_CODE = /* @__PURE__ */ bitfield({
  name: 'control-protection error code',
  widthBits: 32,
  source: 'Intel SDM vol. 3A, 7.15 "Interrupt 21: Control Protection Exception (#CP)"',
  fields: {
    CPEC: [
      '14:0',
      'cause',
      { values: { 1: 'NEAR-RET', 2: 'FAR-RET/IRET', 3: 'ENDBRANCH', 4: 'RSTORSSP', 5: 'SETSSBSY' } },
    ],
    ENCL: [15, 'the exception arose in an enclave'],
  },
})

/** The type of a code or data segment, bits 43:40 of its descriptor (S = 1). */
export const SEGMENT_TYPES = /* @__PURE__ */ Object.freeze({
  0: 'data, read-only',
  1: 'data, read-only, accessed',
  2: 'data, read/write',
  3: 'data, read/write, accessed',
  4: 'data, read-only, expand-down',
  5: 'data, read-only, expand-down, accessed',
  6: 'data, read/write, expand-down',
  7: 'data, read/write, expand-down, accessed',
  8: 'code, execute-only',
  9: 'code, execute-only, accessed',
  10: 'code, execute/read',
  11: 'code, execute/read, accessed',
  12: 'code, execute-only, conforming',
  13: 'code, execute-only, conforming, accessed',
  14: 'code, execute/read, conforming',
  15: 'code, execute/read, conforming, accessed',
})

/** System-segment and gate types outside IA-32e mode (S = 0): Intel SDM vol. 3A, 3.5, table 3-2. */
export const SYSTEM_TYPES_32 = /* @__PURE__ */ Object.freeze({
  1: '16-bit TSS (available)',
  2: 'LDT',
  3: '16-bit TSS (busy)',
  4: '16-bit call gate',
  5: 'task gate',
  6: '16-bit interrupt gate',
  7: '16-bit trap gate',
  9: '32-bit TSS (available)',
  11: '32-bit TSS (busy)',
  12: '32-bit call gate',
  14: '32-bit interrupt gate',
  15: '32-bit trap gate',
})

/** System-segment and gate types in IA-32e mode (S = 0): Intel SDM vol. 3A, 3.5, table 3-2. All others are reserved. */
export const SYSTEM_TYPES_64 = /* @__PURE__ */ Object.freeze({
  2: 'LDT',
  9: '64-bit TSS (available)',
  11: '64-bit TSS (busy)',
  12: '64-bit call gate',
  14: '64-bit interrupt gate',
  15: '64-bit trap gate',
})

/** System descriptor types by name; 64-bit mode uses the same numbers as 32-bit for TSS, call, interrupt and trap gates. */
export const SYSTEM_TYPE = /* @__PURE__ */ Object.freeze({
  TSS16_AVAILABLE: 1,
  LDT: 2,
  TSS16_BUSY: 3,
  CALL_GATE16: 4,
  TASK_GATE: 5,
  INTERRUPT_GATE16: 6,
  TRAP_GATE16: 7,
  TSS_AVAILABLE: 9,
  TSS_BUSY: 11,
  CALL_GATE: 12,
  INTERRUPT_GATE: 14,
  TRAP_GATE: 15,
})

const DPL = ['46:45', 'descriptor privilege level'] as const
const PRESENT = [47, 'present'] as const
const BASE = ['63:56,39:16', 'base address, bits 31:0'] as const
const LIMIT = ['51:48,15:0', 'limit, in bytes or (G) in units of 4 KByte'] as const

/** The type of a code segment descriptor, within its 4-bit TYPE field. */
export const CODE_SEGMENT_TYPE = /* @__PURE__ */ bitfield({
  name: 'code-segment type',
  widthBits: 8,
  source: 'Intel SDM vol. 3A, 3.4.5.1 "Code- and Data-Segment Descriptor Types"',
  fields: {
    A: [0, 'accessed'],
    R: [1, 'readable'],
    C: [2, 'conforming'],
    CODE: [3, 'executable'],
  },
})

/** The type of a data segment descriptor, within its 4-bit TYPE field. */
export const DATA_SEGMENT_TYPE = /* @__PURE__ */ bitfield({
  name: 'data-segment type',
  widthBits: 8,
  source: 'Intel SDM vol. 3A, 3.4.5.1 "Code- and Data-Segment Descriptor Types"',
  fields: {
    A: [0, 'accessed'],
    W: [1, 'writable'],
    E: [2, 'expand-down'],
    CODE: [3, 'executable: 0 for data'],
  },
})

/** A code or data segment descriptor (S = 1): 8 bytes in every mode. */
export const SEGMENT_DESCRIPTOR = /* @__PURE__ */ bitfield({
  name: 'segment descriptor',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 3.4.5 "Segment Descriptors"; AMD APM vol. 2, 4.7 and 4.8',
  fields: {
    LIMIT,
    BASE,
    TYPE: ['43:40', 'segment type', { values: SEGMENT_TYPES }],
    S: [44, '1: code or data segment'],
    DPL,
    P: PRESENT,
    AVL: [52, 'available to software'],
    L: [53, '64-bit code segment'],
    DB: [54, 'default operand size, stack size, or upper bound', { aka: ['D/B', 'D', 'B'] }],
    G: [55, 'granularity: the limit counts 4-KByte units'],
  },
})

/** An LDT or TSS descriptor (S = 0): all of it outside IA-32e mode, its first 8 bytes of 16 in IA-32e mode. */
export const SYSTEM_DESCRIPTOR = /* @__PURE__ */ bitfield({
  name: 'system-segment descriptor',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 3.5 "System Descriptor Types" and 9.2.2 "TSS Descriptor"; AMD APM vol. 2, 4.7 and 4.8',
  fields: {
    LIMIT,
    BASE,
    TYPE: ['43:40', 'system-segment type', { values: SYSTEM_TYPES_32 }],
    S: [44, '0: system segment or gate'],
    DPL,
    P: PRESENT,
    AVL: [52, 'available to software'],
    G: [55, 'granularity: the limit counts 4-KByte units'],
  },
})

/** The upper 8 bytes of an LDT or TSS descriptor in IA-32e mode. */
export const SYSTEM_DESCRIPTOR_HIGH = /* @__PURE__ */ bitfield({
  name: 'system-segment descriptor, bytes 15:8',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 9.2.3 "TSS Descriptor in 64-bit Mode"',
  fields: {
    BASE_HIGH: ['31:0', 'base address, bits 63:32'],
    ZERO: ['44:40', 'must be zero: where a legacy descriptor would have S and TYPE'],
  },
})

const OFFSET = ['63:48,15:0', 'offset of the entry point, bits 31:0'] as const
const GATE_SELECTOR = ['31:16', 'selector of the code segment, or (task gate) of the TSS'] as const
const GATE_TYPE = ['43:40', 'gate type', { values: SYSTEM_TYPES_32 }] as const
const GATE_S = [44, '0: system segment or gate'] as const

/** A call gate: all of it outside IA-32e mode, its first 8 bytes of 16 in IA-32e mode (where PARAM_COUNT is reserved). */
export const CALL_GATE = /* @__PURE__ */ bitfield({
  name: 'call gate',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 6.8.3 "Call Gates" and 6.8.3.1 "IA-32e Mode Call Gates"; AMD APM vol. 2, 4.7.4 and 4.8.3',
  fields: {
    OFFSET,
    SELECTOR: GATE_SELECTOR,
    PARAM_COUNT: ['36:32', 'number of stack words or doublewords to copy'],
    TYPE: GATE_TYPE,
    S: GATE_S,
    DPL,
    P: PRESENT,
  },
})

/** An interrupt or trap gate: all of it outside IA-32e mode (where IST is reserved), its first 8 bytes of 16 in IA-32e mode. */
export const INTERRUPT_GATE = /* @__PURE__ */ bitfield({
  name: 'interrupt or trap gate',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 7.11 "IDT Descriptors" and 7.14.1 "64-Bit Mode IDT"; AMD APM vol. 2, 4.7.4 and 4.8.4',
  fields: {
    OFFSET,
    SELECTOR: GATE_SELECTOR,
    IST: ['34:32', 'interrupt stack table entry, 0 for none'],
    TYPE: GATE_TYPE,
    S: GATE_S,
    DPL,
    P: PRESENT,
  },
})

/** A task gate. IA-32e mode has none. */
export const TASK_GATE = /* @__PURE__ */ bitfield({
  name: 'task gate',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 9.2.5 "Task-Gate Descriptor"',
  fields: { SELECTOR: GATE_SELECTOR, TYPE: GATE_TYPE, S: GATE_S, DPL, P: PRESENT },
})

/** The upper 8 bytes of a call, interrupt or trap gate in IA-32e mode. ZERO is checked for call gates only. */
export const GATE_HIGH = /* @__PURE__ */ bitfield({
  name: 'gate, bytes 15:8',
  widthBits: 64,
  source: 'Intel SDM vol. 3A, 6.8.3.1 "IA-32e Mode Call Gates" and 7.14.1 "64-Bit Mode IDT"',
  fields: {
    OFFSET_HIGH: ['31:0', 'offset of the entry point, bits 63:32'],
    ZERO: ['44:40', 'must be zero: where a legacy descriptor would have S and TYPE'],
  },
})

/**
 * The access rights of a segment register's hidden part, in the form of a VMCS: bits 55:40 of the descriptor, with the
 * limit's bits taken out, and a bit for registers that hold no usable segment.
 */
export const ACCESS_RIGHTS = /* @__PURE__ */ bitfield({
  name: 'segment access rights',
  widthBits: 32,
  source: 'Intel SDM vol. 3C, 26.4.1 "Guest Register State", format of access rights',
  fields: {
    TYPE: ['3:0', 'segment type'],
    S: [4, '1: code or data segment'],
    DPL: ['6:5', 'descriptor privilege level; in SS, the current privilege level'],
    P: [7, 'present'],
    AVL: [12, 'available to software'],
    L: [13, '64-bit code segment'],
    DB: [14, 'default operand size, stack size, or upper bound', { aka: ['D/B'] }],
    G: [15, 'granularity'],
    UNUSABLE: [16, 'the register holds no usable segment'],
  },
})

/** Numbers of the segment registers as instructions encode them, followed by the two system segments. */
export const SEGMENT = /* @__PURE__ */ Object.freeze({ ES: 0, CS: 1, SS: 2, DS: 3, FS: 4, GS: 5, LDTR: 6, TR: 7 })
