import { structure } from './structure.ts'

/**
 * The FXSAVE area, which is also the legacy region of an XSAVE area. FIP and FDP are given as FXSAVE64 and XSAVE64 write
 * them; without REX.W, each is a 32-bit offset followed by a 16-bit selector (FCS at 12, FDS at 20).
 * ST registers are in stack order (ST0 first), 10 bytes in 16 each; XMM registers are 16 bytes each.
 */
export const FXSAVE_AREA = /* @__PURE__ */ structure({
  name: 'FXSAVE area',
  source: 'Intel SDM vol. 1, 10.5.1 "FXSAVE Area" and 13.4.1 "Legacy Region of an XSAVE Area"',
  sizeBytes: 512,
  fields: {
    FCW: [0, 2, 'x87 control word'],
    FSW: [2, 2, 'x87 status word'],
    FTW: [4, 1, 'abridged tag word: a bit of 1 for each physical register that is not empty'],
    FOP: [6, 2, 'x87 opcode, 11 bits'],
    FIP: [8, 8, 'x87 instruction pointer'],
    FDP: [16, 8, 'x87 data pointer'],
    MXCSR: [24, 4, 'MXCSR'],
    MXCSR_MASK: [28, 4, 'the bits that MXCSR has'],
    ST: [32, 128, 'ST0 to ST7, or MM0 to MM7'],
    XMM: [160, 256, 'XMM0 to XMM15 (XMM7 outside 64-bit mode)'],
    SOFTWARE: [464, 48, 'left to software'],
  },
})

/** The header that follows the legacy region, at byte 512 of an XSAVE area. */
export const XSAVE_HEADER = /* @__PURE__ */ structure({
  name: 'XSAVE header',
  source: 'Intel SDM vol. 1, 13.4.2 "XSAVE Header"',
  sizeBytes: 64,
  fields: {
    XSTATE_BV: [0, 8, 'the state components that the area holds'],
    XCOMP_BV: [8, 8, 'bit 63: compacted format; the other bits: the components that it has room for'],
  },
})

/** A state component in the extended region of an XSAVE area. */
export interface XsaveComponent {
  /** Number of the component: its bit in XCR0 or IA32_XSS. */
  readonly component: number
  readonly sizeBytes: number
  /** Offset in the standard format, from the start of the area, or `undefined` for supervisor components, which have none. */
  readonly offsetBytes: number | undefined
  /** Whether the compacted format aligns it to 64 bytes. */
  readonly aligned64: boolean
}

/**
 * The state components by name. Sizes are architectural for those that have a defined layout; the offsets are those that
 * Intel processors enumerate in CPUID.(EAX=0DH,ECX=n).EBX. A processor may enumerate others (AMD processors without
 * AVX-512 put PKRU elsewhere), so software asks CPUID; a CPU model takes its values from here.
 *
 * Intel SDM vol. 1, 13.4.3 "Extended Region of an XSAVE Area" and 13.5 "XSAVE-Managed State".
 */
export const XSAVE_COMPONENT = /* @__PURE__ */ Object.freeze({
  AVX: /* @__PURE__ */ component(2, 256, 576),
  BNDREGS: /* @__PURE__ */ component(3, 64, 960),
  BNDCSR: /* @__PURE__ */ component(4, 64, 1024),
  OPMASK: /* @__PURE__ */ component(5, 64, 1088),
  ZMM_HI256: /* @__PURE__ */ component(6, 512, 1152),
  HI16_ZMM: /* @__PURE__ */ component(7, 1024, 1664),
  PKRU: /* @__PURE__ */ component(9, 8, 2688),
  CET_U: /* @__PURE__ */ component(11, 16, undefined),
  CET_S: /* @__PURE__ */ component(12, 24, undefined),
  TILECFG: /* @__PURE__ */ component(17, 64, 2752, true),
  TILEDATA: /* @__PURE__ */ component(18, 8192, 2816, true),
  APX: /* @__PURE__ */ component(19, 128, 960),
})

function component(
  number: number,
  sizeBytes: number,
  offsetBytes: number | undefined,
  aligned64 = false,
): XsaveComponent {
  return Object.freeze({ component: number, sizeBytes, offsetBytes, aligned64 })
}
