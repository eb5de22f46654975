import { bitfield } from './bitfield.ts'

/** RFLAGS; bits 63:22 are reserved and read as zero, so that 32 bits hold all of it. */
export const RFLAGS = /* @__PURE__ */ bitfield({
  name: 'RFLAGS',
  widthBits: 32,
  source: 'Intel SDM vol. 1, 3.4.3 "EFLAGS Register"; vol. 3A, 2.3 "System Flags and Fields in the EFLAGS Register"',
  fields: {
    CF: [0, 'carry'],
    PF: [2, 'parity of the low byte of the result'],
    AF: [4, 'auxiliary carry out of bit 3'],
    ZF: [6, 'zero'],
    SF: [7, 'sign'],
    TF: [8, 'trap: #DB after the next instruction'],
    IF: [9, 'maskable interrupts enabled'],
    DF: [10, 'direction: string instructions count down'],
    OF: [11, 'overflow'],
    IOPL: ['13:12', 'I/O privilege level'],
    NT: [14, 'nested task'],
    RF: [16, 'resume: instruction breakpoints are passed over once'],
    VM: [17, 'virtual-8086 mode'],
    AC: [18, 'alignment check; access control under SMAP'],
    VIF: [19, 'virtual interrupt flag'],
    VIP: [20, 'virtual interrupt pending'],
    ID: [21, 'CPUID exists if software can change this bit'],
  },
  alwaysOne: 1,
})

/** The flags that arithmetic sets: CF, PF, AF, ZF, SF and OF (Intel SDM vol. 1, 3.4.3.1 "Status Flags"). */
export const STATUS_FLAGS_MASK: number = /* @__PURE__ */ statusFlagsMask()

function statusFlagsMask(): number {
  const { CF, PF, AF, ZF, SF, OF } = RFLAGS.lo
  return CF | PF | AF | ZF | SF | OF
}
