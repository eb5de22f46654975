import { structure } from './structure.ts'

/** The 16-bit task-state segment. */
export const TSS16 = /* @__PURE__ */ structure({
  name: '16-bit TSS',
  source: 'Intel SDM vol. 3A, 9.6 "16-Bit Task-State Segment (TSS)"',
  sizeBytes: 44,
  fields: {
    LINK: [0, 2, 'selector of the previous task'],
    SP0: [2, 2, 'stack pointer for privilege level 0'],
    SS0: [4, 2, 'stack segment for privilege level 0'],
    SP1: [6, 2, 'stack pointer for privilege level 1'],
    SS1: [8, 2, 'stack segment for privilege level 1'],
    SP2: [10, 2, 'stack pointer for privilege level 2'],
    SS2: [12, 2, 'stack segment for privilege level 2'],
    IP: [14, 2, 'IP'],
    FLAGS: [16, 2, 'FLAGS'],
    AX: [18, 2, 'AX'],
    CX: [20, 2, 'CX'],
    DX: [22, 2, 'DX'],
    BX: [24, 2, 'BX'],
    SP: [26, 2, 'SP'],
    BP: [28, 2, 'BP'],
    SI: [30, 2, 'SI'],
    DI: [32, 2, 'DI'],
    ES: [34, 2, 'ES'],
    CS: [36, 2, 'CS'],
    SS: [38, 2, 'SS'],
    DS: [40, 2, 'DS'],
    LDT: [42, 2, 'selector of the LDT'],
  },
})

/** The 32-bit task-state segment. */
export const TSS32 = /* @__PURE__ */ structure({
  name: '32-bit TSS',
  source: 'Intel SDM vol. 3A, 9.2.1 "Task-State Segment (TSS)"',
  sizeBytes: 104,
  fields: {
    LINK: [0, 2, 'selector of the previous task'],
    ESP0: [4, 4, 'stack pointer for privilege level 0'],
    SS0: [8, 2, 'stack segment for privilege level 0'],
    ESP1: [12, 4, 'stack pointer for privilege level 1'],
    SS1: [16, 2, 'stack segment for privilege level 1'],
    ESP2: [20, 4, 'stack pointer for privilege level 2'],
    SS2: [24, 2, 'stack segment for privilege level 2'],
    CR3: [28, 4, 'CR3'],
    EIP: [32, 4, 'EIP'],
    EFLAGS: [36, 4, 'EFLAGS'],
    EAX: [40, 4, 'EAX'],
    ECX: [44, 4, 'ECX'],
    EDX: [48, 4, 'EDX'],
    EBX: [52, 4, 'EBX'],
    ESP: [56, 4, 'ESP'],
    EBP: [60, 4, 'EBP'],
    ESI: [64, 4, 'ESI'],
    EDI: [68, 4, 'EDI'],
    ES: [72, 2, 'ES'],
    CS: [76, 2, 'CS'],
    SS: [80, 2, 'SS'],
    DS: [84, 2, 'DS'],
    FS: [88, 2, 'FS'],
    GS: [92, 2, 'GS'],
    LDT: [96, 2, 'selector of the LDT'],
    T: [100, 2, 'bit 0: debug trap when the task is entered'],
    IOMAP: [102, 2, 'offset of the I/O permission bit map from the base of the TSS'],
  },
})

/**
 * Where a 32-bit TSS keeps the shadow-stack pointer if CR4.CET is set: beyond the 104 bytes, whose end the I/O map may
 * otherwise follow (Intel SDM vol. 3A, 9.2.1).
 */
export const TSS32_SSP_OFFSET_BYTES = 104

/** The 64-bit task-state segment. */
export const TSS64 = /* @__PURE__ */ structure({
  name: '64-bit TSS',
  source: 'Intel SDM vol. 3A, 9.7 "Task Management in 64-bit Mode"; AMD APM vol. 2, 12.2.5',
  sizeBytes: 104,
  fields: {
    RSP0: [4, 8, 'stack pointer for privilege level 0'],
    RSP1: [12, 8, 'stack pointer for privilege level 1'],
    RSP2: [20, 8, 'stack pointer for privilege level 2'],
    IST1: [36, 8, 'interrupt stack table entry 1'],
    IST2: [44, 8, 'interrupt stack table entry 2'],
    IST3: [52, 8, 'interrupt stack table entry 3'],
    IST4: [60, 8, 'interrupt stack table entry 4'],
    IST5: [68, 8, 'interrupt stack table entry 5'],
    IST6: [76, 8, 'interrupt stack table entry 6'],
    IST7: [84, 8, 'interrupt stack table entry 7'],
    IOMAP: [102, 2, 'offset of the I/O permission bit map from the base of the TSS'],
  },
})
