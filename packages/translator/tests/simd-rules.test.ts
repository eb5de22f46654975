/** Rules of MMX and SSE beside the arithmetic: alignment, what is kept, what faults leave, string comparisons by example. */
import { CR0, FIELD, FSW } from '@ringfold/arch'
import { beforeEach, describe, expect, it } from 'vitest'
import { RAM_BYTES } from './flat-machine.ts'
import { bothMachines, DATA, hex, runProgram, setXmm, unhex, xmm } from './programs.ts'

const GENERAL_PROTECTION = 13
const PAGE_FAULT = 14
const MATH_FAULT = 16

const ONES = 'f'.repeat(32)
const COUNTING = '0f0e0d0c0b0a09080706050403020100'

describe.each(bothMachines())('on %s', (_name, machine) => {
  beforeEach(() => {
    for (let n = 0; n < 16; n++) machine.state.bytes(FIELD.zmm, n).fill(0)
    machine.bytes.fill(0, DATA, DATA + 0x100)
    machine.bytes.set(unhex(COUNTING), DATA)
    machine.state.write('rsi', BigInt(DATA))
    machine.state.write('rdi', BigInt(DATA + 0x40))
    machine.state.write('fpuStatus', 0)
    machine.state.write('statusFlags', 0)
    machine.state.write('cr0', BigInt(CR0.lo.NE))
  })

  /** SDM vol. 2A, 2.4: exceptions of type 4, and the instructions that are exempt. */
  it.each([
    ['movaps xmm1, [rsi + 1]', GENERAL_PROTECTION],
    ['movdqa [rsi + 8], xmm1', GENERAL_PROTECTION],
    ['movntdq [rsi + 4], xmm1', GENERAL_PROTECTION],
    ['paddb xmm1, [rsi + 1]', GENERAL_PROTECTION],
    ['movaps xmm1, [rsi]', -1],
    ['movups xmm1, [rsi + 1]', -1],
    ['movdqu [rsi + 15], xmm1', -1],
    ['lddqu xmm1, [rsi + 3]', -1],
    ['pcmpistri xmm1, [rsi + 3], 0', -1],
    ['pcmpestrm xmm1, [rsi + 3], 0', -1],
    ['pmovzxbw xmm1, [rsi + 3]', -1],
    ['movhps xmm1, [rsi + 3]', -1],
  ])('%s: fault %i', (text, fault) => {
    // Twice: the second time the first level of the TLB has the page.
    runProgram(machine, 'movaps xmm2, [rsi]\nmovaps [rsi], xmm2')
    setXmm(machine, 1, unhex(ONES))
    const before = hex(machine.bytes.slice(DATA, DATA + 32))
    expect(runProgram(machine, text)).toBe(fault)
    if (fault < 0) return
    expect(hex(xmm(machine, 1))).toBe(ONES)
    expect(hex(machine.bytes.slice(DATA, DATA + 32))).toBe(before)
  })

  it('legacy SSE leaves bits 511:128 alone; scalar loads clear what is above them', () => {
    machine.state.bytes(FIELD.zmm, 1).fill(0xee)
    runProgram(machine, 'movss xmm1, [rsi + 1]')
    expect(hex(xmm(machine, 1))).toBe('00000000000000000000000004030201')
    expect([...machine.state.bytes(FIELD.zmm, 1).subarray(16)].every((v) => v === 0xee)).toBe(true)
    setXmm(machine, 2, unhex(ONES))
    runProgram(machine, 'movsd xmm2, [rsi]\nmovsd xmm1, xmm2')
    expect([hex(xmm(machine, 2)), hex(xmm(machine, 1))]).toEqual(Array(2).fill('00000000000000000706050403020100'))
  })

  /** SDM vol. 3A, 13.2: TOP is 0, all tags are valid, exponents of what is written are ones. */
  it('MMX instructions enter MMX state', () => {
    machine.state.write('fpuTop', 5)
    machine.state.write('fpuTag', 0)
    machine.state.write('fpr', 0n, 3)
    runProgram(machine, 'movq mm3, [rsi]')
    expect(machine.state.read('fpr', 3)).toBe(0xffff_0706050403020100n)
    expect([machine.state.read('fpuTop'), machine.state.read('fpuTag')]).toEqual([0, 0xff])
    machine.state.write('fpuTag', 0)
    runProgram(machine, 'movntq [rdi], mm3')
    expect([machine.state.read('fpuTag'), hex(machine.bytes.slice(DATA + 0x40, DATA + 0x48))]).toEqual([
      0xff,
      '0706050403020100',
    ])
  })

  it('a pending x87 exception comes before the operand of an MMX instruction, and a fault leaves the x87 state', () => {
    machine.state.write('fpuTop', 5)
    machine.state.write('fpuTag', 3)
    machine.state.write('rsi', 1n << 40n)
    expect(runProgram(machine, 'paddb mm1, [rsi]')).toBe(PAGE_FAULT)
    machine.state.write('fpuStatus', FSW.lo.ES)
    expect(runProgram(machine, 'paddb mm1, [rsi]')).toBe(MATH_FAULT)
    expect([machine.state.read('fpuTop'), machine.state.read('fpuTag')]).toEqual([5, 3])
    expect(runProgram(machine, 'pxor xmm1, xmm1')).toBe(-1)
  })

  it('MASKMOVDQU writes the bytes that are selected, or none where one of them faults', () => {
    setXmm(machine, 1, unhex(COUNTING))
    setXmm(machine, 2, unhex('80007fff000000000000000080808000'))
    runProgram(machine, 'maskmovdqu xmm1, xmm2')
    expect(hex(machine.bytes.slice(DATA + 0x40, DATA + 0x50))).toBe('0f00000c000000000000000003020100')
    const end = RAM_BYTES - 4
    machine.bytes.fill(0x55, end)
    machine.state.write('rdi', BigInt(end))
    // Of the last four bytes only three are selected; one beyond the end is.
    setXmm(machine, 2, unhex('00000000000000000000008080808000'))
    expect(runProgram(machine, 'maskmovdqu xmm1, xmm2')).toBe(PAGE_FAULT)
    expect(hex(machine.bytes.slice(end))).toBe('55555555')
    setXmm(machine, 2, unhex('00000000000000000000000080808000'))
    expect(runProgram(machine, 'maskmovdqu xmm1, xmm2')).toBe(-1)
    expect(hex(machine.bytes.slice(end))).toBe('03020155')
  })

  const latin = (text: string): Uint8Array => Uint8Array.from({ length: 16 }, (_, n) => text.charCodeAt(n) || 0)

  /** SDM vol. 2B, 4.1: aggregation, polarity and output of imm8; flags are CF 1, ZF 40, SF 80, OF 800. */
  it.each([
    ['equal any', 'aeiou', 'strength', 0x00, 3, 0x0c1],
    ['equal any, highest', 'st', 'strengths', 0x40, 8, 0x8c1],
    ['ranges', 'azAZ', '42 is It', 0x04, 3, 0x0c1],
    ['ranges, none', 'az', '0123456789ABCDEF', 0x04, 16, 0x080],
    ['equal each, negated', 'ringfold', 'ringfuld', 0x18, 5, 0x0c1],
    ['equal each, equal', 'ringfold', 'ringfold', 0x18, 16, 0x0c0],
    ['equal ordered', 'ring', 'the ringfold', 0x0c, 4, 0x0c1],
    ['equal ordered, cut off', 'end', 'the very latesten', 0x0c, 15, 0x081],
    ['masked negative', 'abc', 'abcx', 0x30, 3, 0x0c1],
  ])('PCMPISTRI %s', (_what, a, b, imm, index, flags) => {
    setXmm(machine, 1, latin(a))
    setXmm(machine, 2, latin(b))
    machine.state.write('rcx', (1n << 64n) - 1n)
    expect(runProgram(machine, `pcmpistri xmm1, xmm2, ${imm}`)).toBe(-1)
    expect([machine.state.read('rcx'), machine.state.read('statusFlags')]).toEqual([BigInt(index), flags])
  })

  it('PCMPESTRM takes magnitudes of lengths, and expands the mask', () => {
    setXmm(machine, 1, latin('abcd'))
    setXmm(machine, 2, latin('xxaxbxcxd'))
    machine.state.write('rax', 0xfffffffen)
    machine.state.write('rdx', 100n)
    runProgram(machine, 'pcmpestrm xmm1, xmm2, 0x40')
    expect(hex(xmm(machine, 0))).toBe('0000000000000000000000ff00ff0000')
    runProgram(machine, 'pcmpestrm xmm1, xmm2, 0x00')
    expect(hex(xmm(machine, 0))).toBe('00000000000000000000000000000014')
  })
})
