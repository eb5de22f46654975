import { CR0, FIELD, readRflags, SEGMENT } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { StubConversation } from '../../../tests/stub-conversation.ts'

describe('registers', () => {
  it('describes them, and gives g in that order', () => {
    const session = new StubConversation()
    let xml = ''
    for (let part = 'm'; part.startsWith('m'); ) {
      part = session.ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},3ff`)
      xml += part.slice(1)
    }
    expect(xml).toContain('<architecture>i386:x86-64</architecture>')
    const registers = [...xml.matchAll(/<reg name="(\w+)" bitsize="(\d+)" type="\w+" regnum="(\d+)"/g)]
    expect(registers.slice(0, 4).map((r) => r[1])).toEqual(['rax', 'rbx', 'rcx', 'rdx'])
    expect(registers.map((r) => Number(r[3])).sort((a, b) => a - b)).toEqual(registers.map((_, n) => n))
    const names = registers.map((r) => r[1])
    for (const name of ['st7', 'fop', 'xmm15', 'mxcsr', 'fs_base', 'k_gs_base', 'cr0', 'cr8', 'efer', 'dr7'])
      expect(names).toContain(name)
    const bits = registers.reduce((sum, r) => sum + Number(r[2]), 0)
    expect(session.ask('g')).toHaveLength(bits / 4)
    expect(session.ask('qXfer:features:read:other.xml:0,100')).toBe('E00')
  })

  it('shows the state after reset, rip as a linear address', () => {
    const session = new StubConversation()
    expect(session.ask('p10')).toBe('f0ffffff00000000')
    expect(session.ask('p11')).toBe('02000000')
    expect(session.ask('p12')).toBe('00f00000')
    expect(session.monitor('pc offset')).toContain('offset')
    expect(session.ask('p10')).toBe('f0ff000000000000')
  })

  it('writes each, and tells the processor', () => {
    const session = new StubConversation()
    const state = session.target.state(0)
    expect(session.ask('P0=efcdab8967452301')).toBe('OK')
    expect(state.read('rax')).toBe(0x0123456789abcdefn)
    // Linear F0000H + 1234H: the base of CS is taken off.
    expect(session.ask('P10=34120f0000000000')).toBe('OK')
    expect(state.read('rip')).toBe(BigInt.asUintN(32, 0xf1234n - 0xffff0000n))
    expect(session.ask('P11=ffffffff')).toBe('OK')
    expect(readRflags(state)).toBe(0x3f7fd7)
    expect(session.ask('P18=ffffffffffffffffff3f')).toBe('OK')
    expect(state.read('fpr', 0)).toBe(0x3fffffffffffffffffffn)
    expect(session.target.written).toEqual([0, 0, 0, 0])
  })

  it('turns G into writes of what changes', () => {
    const session = new StubConversation()
    const before = session.ask('g')
    expect(session.ask(`G0100000000000000${before.slice(16)}`)).toBe('OK')
    expect(session.target.state(0).read('rax')).toBe(1n)
    expect(session.ask('g').slice(16)).toBe(before.slice(16))
    // It may end early.
    expect(session.ask('G0200000000000000')).toBe('OK')
    expect(session.ask('G02')).toBe('E01')
  })

  it('refuses what a register cannot hold', () => {
    const session = new StubConversation()
    const numberOf = (name: string): string => {
      const xml = ['0', '2000', '4000'].map((at) => session.ask(`qXfer:features:read:target.xml:${at},2000`).slice(1))
      const found = new RegExp(`name="${name}"[^>]* regnum="(\\d+)"`).exec(xml.join(''))
      return Number(found?.[1]).toString(16)
    }
    for (const [name, hex] of [
      ['mxcsr', '00000100'],
      ['fs_base', '0000000000000080'],
      ['cr0', '1100006000000000'],
      ['efer', '0001000000000000'],
      ['cr8', '1000000000000000'],
      ['rax', '00'],
    ] as const)
      expect(session.ask(`P${numberOf(name)}=${hex}`), name).toBe('E01')
    expect(session.ask('Pfff=00')).toBe('E01')
    expect(session.ask('pfff')).toBe('E16')
    expect(session.target.written).toEqual([])
  })

  it('gives empty, valid, zero and special registers of the x87 their tags', () => {
    const session = new StubConversation()
    const state = session.target.state(0)
    state.write('fpuTop', 6)
    state.write('fpuTag', 0b1110_0000)
    state.write('fpr', 0x3fff8000000000000000n, 6)
    state.write('fpr', 0x7fff8000000000000000n, 7)
    // R7 special, R6 valid, R5 zero, the others empty; ST(0) is R6.
    expect(session.ask('p22')).toBe('ff870000')
    expect(session.ask('p18')).toBe('0000000000000080ff3f')
    expect(session.ask('p21')).toBe('00300000')
  })

  it('loads segments as the mode says', () => {
    const session = new StubConversation()
    const state = session.target.state(0)
    expect(session.ask('P14=00120000')).toBe('OK')
    expect(state.read('dsBase')).toBe(0x12000n)
    state.setLo(FIELD.cr0, CR0.lo.PE | CR0.lo.ET)
    state.set(FIELD.gdtrBase, 0x2000, 0)
    session.target.memory.writeBytes(0x2008, Uint8Array.of(0xff, 0xff, 0x00, 0x34, 0x12, 0x93, 0xcf, 0x56))
    expect(session.ask('P14=08000000')).toBe('OK')
    expect([state.read('dsBase'), state.read('dsLimit')]).toEqual([0x56123400n, 0xffffffff])
    // Data in CS, and a descriptor that is not present.
    expect(session.ask('P12=08000000')).toBe('E01')
    expect(session.ask('P14=10000000')).toBe('E01')
    expect(state.lo(FIELD.segSelector, SEGMENT.DS)).toBe(8)
  })
})

describe('memory', () => {
  it('reads what is there, writes hexadecimal and binary', () => {
    const session = new StubConversation()
    expect(session.ask('M1000,4:01020304')).toBe('OK')
    expect(session.ask('X1004,3:\x01}\x03\xff')).toBe('OK')
    expect(session.ask('m1000,8')).toBe('010203040123ff00')
    expect(session.ask('X1000,0:')).toBe('OK')
    // RAM ends at 1 MiB: a part is read, nothing is written.
    expect(session.ask('mffffe,4')).toBe('0000')
    expect(session.ask('Mffffe,4:11223344')).toBe('E0e')
    expect(session.ask('mffffe,2')).toBe('0000')
    expect(session.ask('m100000,4')).toBe('E0e')
  })

  it('answers nonsense with errors', () => {
    const session = new StubConversation()
    for (const bad of [
      'm',
      'm1',
      'm,',
      'mx,1',
      'm1,1,1',
      'M0,2:00',
      'M0,1:0',
      'X0,1:}',
      'X0',
      'M10000000000000000,1:00',
    ])
      expect(session.ask(bad), bad).toBe('E16')
    expect(session.ask('m0,ffffffff')).toHaveLength(0x4000)
  })

  it('does not touch devices', () => {
    const session = new StubConversation()
    const seen: number[] = []
    session.target.memory.addMmio(0x5000, 0x1000, {
      read: (offset) => seen.push(offset),
      write: (offset) => void seen.push(offset),
    })
    expect(session.ask('m5000,4')).toBe('E0e')
    expect(session.ask('m4ffe,4')).toBe('0000')
    expect(session.ask('M5000,1:00')).toBe('E0e')
    expect(seen).toEqual([])
  })
})
