import { describe, expect, it } from 'vitest'
import { Decoder, Instruction } from '../decoder/index.ts'
import { BAD, Formatter, type FormatterOptions, formatInstruction, NOT_IN_TABLE, TRUNCATED } from './index.ts'

function text(hex: string, options: FormatterOptions = {}, bits: 16 | 32 | 64 = 64): string {
  const insn = new Instruction()
  insn.ipLo = 0x1000
  new Decoder(bits).decode(insn, Uint8Array.from(Buffer.from(hex, 'hex')))
  return formatInstruction(insn, options)
}

describe('Intel and AT&T by default', () => {
  it.each([
    ['48894c8b10', 'mov [rbx+rcx*4+0x10], rcx', 'mov %rcx,0x10(%rbx,%rcx,4)'],
    ['c6400801', 'mov byte ptr [rax+0x8], 0x1', 'movb $0x1,0x8(%rax)'],
    ['f348a5', 'rep movsq', 'rep movsq %ds:(%rsi),%es:(%rdi)'],
    ['f0480fb10b', 'lock cmpxchg [rbx], rcx', 'lock cmpxchg %rcx,(%rbx)'],
    ['e811000000', 'call 0x1016', 'call 0x1016'],
    ['ff2511223344', 'jmp qword ptr [rip+0x44332211]', 'jmp *0x44332211(%rip)'],
    ['0fb6c0', 'movzx eax, al', 'movzbl %al,%eax'],
    ['4898', 'cdqe', 'cltq'],
    ['d1e8', 'shr eax, 1', 'shr $1,%eax'],
    ['def9', 'fdivp st(1), st', 'fdivrp %st,%st(1)'],
    ['d9442408', 'fld dword ptr [rsp+0x8]', 'flds 0x8(%rsp)'],
    ['c5f058c1', 'vaddps xmm0, xmm1, xmm1', 'vaddps %xmm1,%xmm1,%xmm0'],
    ['64488b042528000000', 'mov rax, fs:[0x28]', 'mov %fs:0x28,%rax'],
    ['0fc2c102', 'cmpps xmm0, xmm1, 0x2', 'cmpleps %xmm1,%xmm0'],
    ['c8100001', 'enter 0x10, 0x1', 'enter $0x10,$0x1'],
  ])('%s: %s | %s', (hex, intel, att) => {
    expect(text(hex)).toBe(intel)
    expect(text(hex, { syntax: 'att' })).toBe(att)
  })
})

describe('options', () => {
  it.each<[string, FormatterOptions, string]>([
    ['48894c8b10', { memorySize: 'always' }, 'mov qword ptr [rbx+rcx*4+0x10], rcx'],
    ['c6400801', { memorySize: 'never' }, 'mov [rax+0x8], 0x1'],
    ['48894c8b10', { uppercase: true, hex: 'h' }, 'MOV [RBX+RCX*4+10h], RCX'],
    ['c6400aff', { hex: 'h' }, 'mov byte ptr [rax+0Ah], 0FFh'],
    ['c6400801', { smallDecimal: true, separator: ',' }, 'mov byte ptr [rax+8],1'],
    ['4883c0f8', { signedImmediates: true }, 'add rax, -0x8'],
    ['4883c0f8', {}, 'add rax, 0xfffffffffffffff8'],
    ['488b05f0ffffff', { ripRelative: 'target' }, 'mov rax, [0xff7]'],
    ['8b00', { showSegment: true }, 'mov eax, ds:[rax]'],
    ['e811000000', { symbolizer: (lo) => (lo === 0x1016 ? 'main' : undefined) }, 'call main'],
    ['90', { mnemonicWidth: 6 }, 'nop   '],
    ['01c8', { syntax: 'att', suffix: 'always' }, 'addl %ecx,%eax'],
    ['48894c8b10', { preset: 'objdump' }, 'mov QWORD PTR [rbx+rcx*4+0x10],rcx'],
  ])('%s with %j: %s', (hex, options, expected) => expect(text(hex, options)).toBe(expected))
})

it('has a text for what is no instruction', () => {
  expect([text('06'), text('62f17c4858c1'), text('48')]).toEqual([BAD, NOT_IN_TABLE, TRUNCATED])
})

it('gives mnemonic and operands alone', () => {
  const insn = new Instruction()
  new Decoder(64).decode(insn, Uint8Array.of(0xf0, 0x48, 0x0f, 0xb1, 0x0b))
  const formatter = new Formatter()
  expect([
    formatter.mnemonic(insn),
    formatter.operand(insn, 0),
    formatter.operand(insn, 1),
    formatter.operand(insn, 2),
  ]).toEqual(['lock cmpxchg', '[rbx]', 'rcx', ''])
})

it('formats any bytes without an exception', () => {
  const insn = new Instruction()
  const formatters = (['intel', 'att'] as const).flatMap((syntax) => [
    new Formatter({ syntax }),
    new Formatter({ syntax, preset: 'objdump' }),
  ])
  let seed = 1
  for (let n = 0; n < 30_000; n++) {
    const bytes = Uint8Array.from({ length: 32 }, () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return seed >>> 16
    })
    new Decoder(([16, 32, 64] as const)[n % 3] ?? 64).decode(insn, bytes)
    for (const f of formatters) expect(f.format(insn)).not.toMatch(/undefined|NaN|null/)
  }
})
