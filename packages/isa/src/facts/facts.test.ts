import { RFLAGS } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { Decoder, Instruction } from '../decoder/index.ts'
import { registerByName, registerName } from '../registers.ts'
import {
  allForms,
  controlFlow,
  endsBlock,
  flagNames,
  flagsKilled,
  flagsRead,
  flagsWritten,
  formByName,
  formCount,
  formFacts,
  formsOfMnemonic,
  svmExitCode,
  usesOf,
  vmxExitReason,
  writtenRegister,
} from './index.ts'

function decoded(hex: string, bits: 16 | 32 | 64 = 64): Instruction {
  const insn = new Instruction()
  expect(new Decoder(bits).decode(insn, Uint8Array.from(Buffer.from(hex, 'hex')))).toBe(0)
  return insn
}

const registersOf = (hex: string, bits: 16 | 32 | 64 = 64): string[] =>
  usesOf(decoded(hex, bits)).registers.map((u) => `${registerName(u.register)}:${u.access}`)

describe('the classes of Robin and Irvine (USENIX Security 2000, section 3)', () => {
  // The 17 instructions that are sensitive and do not trap, and the class of each.
  it.each([
    ['sgdt', 'behavior'],
    ['sidt', 'behavior'],
    ['sldt', 'behavior'],
    ['smsw', 'behavior'],
    ['pushf', 'behavior'],
    ['popf', 'control'],
    ['lar', 'behavior'],
    ['lsl', 'behavior'],
    ['verr', 'behavior'],
    ['verw', 'behavior'],
    ['str', 'behavior'],
  ])('%s is %s-sensitive', (mnemonic, expected) => {
    const forms = formsOfMnemonic(mnemonic)
    expect(forms.length).toBeGreaterThan(0)
    for (const f of forms) expect(f.sensitivity?.class).toBe(expected)
  })

  it.each([
    ['push', /^push_([c-g]s|es|ss)/],
    ['pop', /^pop_([d-g]s|es|ss)/],
    ['mov', /_sreg/],
    ['call', /1616|1632|1664/],
    ['jmp', /1616|1632|1664/],
    ['retf', /./],
    ['int', /./],
  ])('%s with segments, gates or far pointers is location-sensitive', (mnemonic, name) => {
    const forms = formsOfMnemonic(mnemonic).filter((f) => name.test(f.name))
    expect(forms.length).toBeGreaterThan(0)
    for (const f of forms) expect(f.sensitivity?.class).toBe('location')
  })

  it('leaves plain moves, pushes and near calls alone', () => {
    for (const name of ['mov_r64_rm64', 'push_r64', 'call_rel32_o64', 'add_rm32_r32'])
      expect(formByName(name)?.sensitivity).toBeNull()
  })
})

describe('flags', () => {
  it('has the masks of RFLAGS', () => {
    const add = formByName('add_rm32_r32')?.form ?? 0
    expect(flagNames(flagsWritten(add))).toEqual(['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'])
    expect(flagsWritten(add) & RFLAGS.lo.OF).toBe(RFLAGS.lo.OF)
    expect(flagsRead(formByName('adc_rm32_r32')?.form ?? 0)).toBe(RFLAGS.lo.CF)
  })

  it('does not count on flags that a shift by CL may leave alone', () => {
    expect(flagsKilled(formByName('shl_rm32_cl')?.form ?? 0)).toBe(0)
    expect(flagNames(flagsKilled(formByName('and_rm32_r32')?.form ?? 0))).toContain('AF')
  })

  it('names the x87 condition codes', () => {
    expect(flagNames(formsOfMnemonic('fcom')[0]?.flags.written ?? 0)).toEqual(
      expect.arrayContaining(['C0', 'C2', 'C3']),
    )
  })
})

describe('uses of a decoded instruction', () => {
  it('lists operands, addresses, counters and stack', () => {
    expect(registersOf('f348a5')).toEqual(expect.arrayContaining(['rcx:rcw', 'rsi:rw', 'rdi:rw']))
    expect(registersOf('f7e1')).toEqual(['ecx:r', 'eax:rw', 'edx:w'])
    expect(registersOf('a4', 16)).toEqual(expect.arrayContaining(['si:rw', 'di:rw']))
    const push = usesOf(decoded('50'))
    expect(push.memory).toEqual([
      expect.objectContaining({ access: 'w', bytes: 8, stack: true, displacement: -8n, base: registerByName('rsp') }),
    ])
    expect(usesOf(decoded('48cf')).memory).toEqual([expect.objectContaining({ access: 'r', bytes: 40, stack: true })])
  })

  it('lists state beside registers', () => {
    expect(usesOf(decoded('0f0103')).resources).toEqual([{ resource: 'GDTR', access: 'r' }])
  })

  it('knows which whole register a write changes', () => {
    expect(registerName(writtenRegister(decoded('89c8'), registerByName('eax')))).toBe('rax')
    expect(registerName(writtenRegister(decoded('89c8', 32), registerByName('eax')))).toBe('eax')
    expect(registerName(writtenRegister(decoded('c5f058c1'), registerByName('xmm0')))).toBe('ymm0')
  })
})

describe('control flow, privilege and intercepts', () => {
  it.each([
    ['jmp_rel32_o64', 'jmp'],
    ['je_rel8', 'jcc'],
    ['call_rm64', 'callind'],
    ['syscall', 'syscall'],
    ['hlt', 'halt'],
    ['add_rm8_r8', 'next'],
  ])('%s: %s', (name, flow) => {
    const form = formByName(name)?.form ?? 0
    expect(controlFlow(form)).toBe(flow)
    expect(endsBlock(form)).toBe(flow !== 'next')
  })

  it('has the numbers of the manuals', () => {
    expect(vmxExitReason('CPUID')).toBe(10)
    expect(svmExitCode('CPUID')).toBe(0x72)
    expect(svmExitCode('CR3_WRITE')).toBe(0x13)
    expect(svmExitCode('EXCP14')).toBe(0x4e)
    expect(vmxExitReason('toString')).toBeUndefined()
    expect(formsOfMnemonic('cpuid')[0]?.vmx).toEqual([{ name: 'CPUID', number: 10, when: 'always' }])
    expect(formsOfMnemonic('hlt')[0]).toMatchObject({
      privilege: { rule: 'cpl0' },
      svm: [{ name: 'HLT', number: 0x78 }],
    })
  })
})

it('every form has a name, an encoding, modes, a family and a citation', () => {
  const forms = allForms()
  expect(forms.length).toBe(formCount())
  expect(new Set(forms.map((f) => f.name)).size).toBe(forms.length)
  for (const f of forms) {
    expect(f.encoding, f.name).not.toBe('')
    expect(f.modes.length, f.name).toBeGreaterThan(0)
    expect(f.family.citation, f.name).toMatch(/SDM|APM/)
    expect(
      f.operands.every((o) => o.type !== ''),
      f.name,
    ).toBe(true)
  }
  expect(formFacts(0)).toBeUndefined()
  expect(formFacts(1e9)).toBeUndefined()
  expect(formByName('')).toBeUndefined()
  expect(formsOfMnemonic('(bad)')).toEqual([])
})
