/** The constants that the x87 loads (SDM vol. 2A, FLD1 and its kin). */
export interface X87Constant {
  /** Sign and exponent. */
  readonly top: number
  /** The significand cut to 64 bits, and whether the nearest one is the next. */
  readonly significand: bigint
  readonly isNearestUp: boolean
  readonly isExact: boolean
}

const exact = (top: number, significand: bigint): X87Constant => ({
  top,
  significand,
  isNearestUp: false,
  isExact: true,
})
const cut = (top: number, significand: bigint, isNearestUp: boolean): X87Constant => ({
  top,
  significand,
  isNearestUp,
  isExact: false,
})

export const X87_CONSTANTS = {
  fld1: exact(0x3fff, 0x8000000000000000n),
  fldl2t: cut(0x4000, 0xd49a784bcd1b8afen, false),
  fldl2e: cut(0x3fff, 0xb8aa3b295c17f0bbn, true),
  fldpi: cut(0x4000, 0xc90fdaa22168c234n, true),
  fldlg2: cut(0x3ffd, 0x9a209a84fbcff798n, true),
  fldln2: cut(0x3ffe, 0xb17217f7d1cf79abn, true),
  fldz: exact(0, 0n),
} as const satisfies Readonly<Record<string, X87Constant>>
