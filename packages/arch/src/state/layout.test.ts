import { describe, expect, it } from 'vitest'
import { ARCHITECTURAL_ROWS, FIELD, STATE_LAYOUT, STATE_SIZE_BYTES, type StateField } from './layout.ts'

describe('the layout of the CPU state', () => {
  it('has no overlaps, and offsets in the order of the table', () => {
    let end = 0
    for (const field of STATE_LAYOUT) {
      expect(field.offset, field.name).toBeGreaterThanOrEqual(end)
      end = field.offset + field.count * field.strideBytes
    }
    expect(end).toBeLessThanOrEqual(STATE_SIZE_BYTES)
  })

  it('aligns every field to its width, at least to 32 bits, vectors and x87 registers to 16 bytes', () => {
    for (const { name, bits, offset, strideBytes } of STATE_LAYOUT) {
      expect(strideBytes * 8, name).toBeGreaterThanOrEqual(Math.max(bits, 32))
      expect(offset % strideBytes, name).toBe(0)
      if (bits >= 80) expect(offset % 16, name).toBe(0)
    }
  })

  it('reaches the general registers with one-byte offsets, and everything else with two', () => {
    expect(FIELD.r15.offset).toBeLessThan(128)
    expect(STATE_SIZE_BYTES).toBeLessThan(2 ** 14)
  })

  it('leaves room for 32 general registers and has 32 vector registers of 512 bits', () => {
    expect(FIELD.rip.offset).toBeGreaterThanOrEqual(FIELD.gpr.offset + 32 * 8)
    expect([FIELD.zmm.count, FIELD.zmm.strideBytes]).toEqual([32, 64])
  })

  it('gives named elements and views the places of their slots', () => {
    const { gpr, r11, segBase, gsBase, zmm, xmm, ymm, fpr, mm } = FIELD
    expect(r11.offset).toBe(gpr.offset + 11 * gpr.strideBytes)
    expect(gsBase.offset).toBe(segBase.offset + 5 * segBase.strideBytes)
    for (const [view, of] of [
      [xmm, zmm],
      [ymm, zmm],
      [mm, fpr],
    ] as readonly (readonly [StateField, StateField])[]) {
      expect([view.offset, view.strideBytes, view.count]).toEqual([of.offset, of.strideBytes, of.count])
      expect(view.bits).toBeLessThan(of.bits)
    }
  })

  it('has each name once', () => {
    const own = STATE_LAYOUT.map((field) => field.name)
    expect(new Set(own).size).toBe(own.length)
    for (const [name, field] of Object.entries<StateField>(FIELD)) expect(field.name).toBe(name)
  })

  it('keeps what engines own out of the processor state', () => {
    const engine = STATE_LAYOUT.filter((field) => !ARCHITECTURAL_ROWS.includes(field)).map((field) => field.name)
    expect(engine).toEqual(['lazyResult', 'lazySrc1', 'lazySrc2', 'lazyOp', 'budget', 'codeKey', 'helperArgument'])
  })

  // Moving a field is free of consequence for snapshots, but not for whoever measures or debugs by offset: it should be meant.
  it('has the offsets of schema version 1', () => {
    const offsets = STATE_LAYOUT.map(({ name, offset, bits, count }) => `${offset} ${name}:${bits}x${count}`)
    expect(offsets).toMatchInlineSnapshot(`
      [
        "0 gpr:64x16",
        "256 rip:64x1",
        "264 retired:64x1",
        "272 lazyResult:64x1",
        "280 lazySrc1:64x1",
        "288 lazySrc2:64x1",
        "296 lazyOp:32x1",
        "300 statusFlags:32x1",
        "304 systemFlags:32x1",
        "308 budget:32x1",
        "312 codeKey:32x1",
        "316 mxcsr:32x1",
        "320 fpuTop:3x1",
        "324 fpuTag:8x1",
        "328 segBase:64x8",
        "392 segLimit:32x8",
        "424 segAccess:32x8",
        "456 segSelector:16x8",
        "488 gdtrBase:64x1",
        "496 idtrBase:64x1",
        "504 gdtrLimit:16x1",
        "508 idtrLimit:16x1",
        "512 cr0:64x1",
        "520 cr2:64x1",
        "528 cr3:64x1",
        "536 cr4:64x1",
        "544 cr8:64x1",
        "552 efer:64x1",
        "560 pdpte:64x4",
        "592 xcr0:64x1",
        "600 dr:64x4",
        "632 dr6:64x1",
        "640 dr7:64x1",
        "648 pkru:32x1",
        "652 activityState:3x1",
        "656 interruptibility:5x1",
        "660 pendingSignals:3x1",
        "664 sipiVector:8x1",
        "668 pendingEvent:32x1",
        "672 pendingErrorCode:32x1",
        "680 pendingPayload:64x1",
        "688 pendingLength:4x1",
        "692 monitorArmed:1x1",
        "696 pendingDebug:64x1",
        "704 monitorAddress:64x1",
        "712 star:64x1",
        "720 lstar:64x1",
        "728 cstar:64x1",
        "736 fmask:64x1",
        "744 kernelGsBase:64x1",
        "752 sysenterCs:64x1",
        "760 sysenterEsp:64x1",
        "768 sysenterEip:64x1",
        "776 tscOffset:64x1",
        "784 tscAdjust:64x1",
        "792 tscAux:64x1",
        "800 apicBase:64x1",
        "808 featureControl:64x1",
        "816 biosSignId:64x1",
        "824 miscEnable:64x1",
        "832 specCtrl:64x1",
        "840 debugctl:64x1",
        "848 pat:64x1",
        "856 xss:64x1",
        "864 pkrs:64x1",
        "872 uCet:64x1",
        "880 sCet:64x1",
        "888 ssp:64x1",
        "896 plSsp:64x4",
        "928 interruptSspTable:64x1",
        "936 mcgStatus:64x1",
        "944 mtrrDefType:64x1",
        "952 mtrrPhysBase:64x10",
        "1032 mtrrPhysMask:64x10",
        "1112 mtrrFix:64x11",
        "1200 hwcr:64x1",
        "1208 syscfg:64x1",
        "1216 fpr:80x8",
        "1344 fpuControl:16x1",
        "1348 fpuStatus:16x1",
        "1352 fpuOpcode:11x1",
        "1356 fcs:16x1",
        "1360 fds:16x1",
        "1368 fip:64x1",
        "1376 fdp:64x1",
        "1408 zmm:512x32",
        "3456 opmask:64x8",
        "3520 helperArgument:64x8",
      ]
    `)
  })
})
