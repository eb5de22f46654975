import { bitfield } from './bitfield.ts'

const ROUNDING = { 0: 'nearest even', 1: 'down', 2: 'up', 3: 'toward zero' }

/** MXCSR, control and status of SSE and AVX floating point. */
export const MXCSR = /* @__PURE__ */ bitfield({
  name: 'MXCSR',
  widthBits: 32,
  source: 'Intel SDM vol. 1, 10.2.3 "MXCSR Control and Status Register"; AMD APM vol. 1, 4.2.2',
  fields: {
    IE: [0, 'invalid operation, sticky'],
    DE: [1, 'denormal operand, sticky'],
    ZE: [2, 'division by zero, sticky'],
    OE: [3, 'overflow, sticky'],
    UE: [4, 'underflow, sticky'],
    PE: [5, 'precision (inexact), sticky'],
    DAZ: [6, 'denormals are zeros'],
    IM: [7, 'invalid operation masked'],
    DM: [8, 'denormal operand masked'],
    ZM: [9, 'division by zero masked'],
    OM: [10, 'overflow masked'],
    UM: [11, 'underflow masked'],
    PM: [12, 'precision masked'],
    RC: ['14:13', 'rounding control', { values: ROUNDING }],
    FTZ: [15, 'flush to zero', { aka: ['FZ'] }],
    MM: [17, 'misaligned exception mask', { source: 'AMD APM vol. 1, 4.2.2' }],
  },
})

/** The x87 control word. Bit 6 reads as one on current processors; both manuals call it reserved. */
export const FCW = /* @__PURE__ */ bitfield({
  name: 'x87 control word',
  widthBits: 16,
  source: 'Intel SDM vol. 1, 8.1.5 "x87 FPU Control Word"',
  fields: {
    IM: [0, 'invalid operation masked'],
    DM: [1, 'denormal operand masked'],
    ZM: [2, 'zero divide masked'],
    OM: [3, 'overflow masked'],
    UM: [4, 'underflow masked'],
    PM: [5, 'precision masked'],
    PC: ['9:8', 'precision control', { values: { 0: 'single', 2: 'double', 3: 'double extended' } }],
    RC: ['11:10', 'rounding control', { values: ROUNDING }],
    X: [12, 'infinity control; without effect since the 387'],
  },
  alwaysOne: 6,
})

/** The x87 status word. */
export const FSW = /* @__PURE__ */ bitfield({
  name: 'x87 status word',
  widthBits: 16,
  source: 'Intel SDM vol. 1, 8.1.3 "x87 FPU Status Register"',
  fields: {
    IE: [0, 'invalid operation, sticky'],
    DE: [1, 'denormal operand, sticky'],
    ZE: [2, 'zero divide, sticky'],
    OE: [3, 'overflow, sticky'],
    UE: [4, 'underflow, sticky'],
    PE: [5, 'precision, sticky'],
    SF: [6, 'stack fault, sticky'],
    ES: [7, 'error summary: an unmasked exception is pending'],
    C0: [8, 'condition code 0'],
    C1: [9, 'condition code 1'],
    C2: [10, 'condition code 2'],
    TOP: ['13:11', 'top of stack: the physical register that is ST(0)'],
    C3: [14, 'condition code 3'],
    B: [15, 'busy: mirrors ES'],
  },
})

const TAG = { 0: 'valid', 1: 'zero', 2: 'special', 3: 'empty' }

/** The x87 tag word in its full form: two bits for each *physical* register. */
export const FTW = /* @__PURE__ */ bitfield({
  name: 'x87 tag word',
  widthBits: 16,
  source: 'Intel SDM vol. 1, 8.1.7 "x87 FPU Tag Word"',
  fields: {
    TAG0: ['1:0', 'tag of R0', { values: TAG }],
    TAG1: ['3:2', 'tag of R1', { values: TAG }],
    TAG2: ['5:4', 'tag of R2', { values: TAG }],
    TAG3: ['7:6', 'tag of R3', { values: TAG }],
    TAG4: ['9:8', 'tag of R4', { values: TAG }],
    TAG5: ['11:10', 'tag of R5', { values: TAG }],
    TAG6: ['13:12', 'tag of R6', { values: TAG }],
    TAG7: ['15:14', 'tag of R7', { values: TAG }],
  },
})
