import { describe, expect, it } from 'vitest'
import { Assembler, assemble, distance, label } from './index.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const asm = (text: string, bits: 16 | 32 | 64 = 64): string => hex(assemble(text, { bits }).bytes)

describe('branches', () => {
  it('takes short branches as long as they reach, and long ones for the rest', () => {
    expect(asm(`jmp end\ntimes 127 nop\nend:`).slice(0, 4)).toBe('eb7f')
    expect(asm(`jmp end\ntimes 128 nop\nend:`).slice(0, 10)).toBe('e980000000')
    expect(asm('start: times 126 nop\njmp start').slice(-4)).toBe('eb80')
    expect(asm('jmp near x\nx:')).toBe('e900000000')
    // Each jump is in reach only while the other is short.
    const { bytes } = assemble(`a: jmp c\ntimes 124 nop\nb: jmp a\nc:`)
    expect(bytes.length).toBe(2 + 124 + 2)
  })

  it('branches that have one length only are judged when everything has its place', () => {
    expect(asm('times 200 nop\njrcxz x\nx: loop x').slice(-8)).toBe('e300e2fe')
    // The long jumps before it move the loop by more than it reaches; the distance stays.
    const growing = `${'jmp end\n'.repeat(60)}jrcxz there\ntimes 100 nop\nthere: times 200 nop\nend:`
    const { bytes, labels } = assemble(growing)
    expect(Number(labels.get('there'))).toBe(60 * 5 + 2 + 100)
    expect(hex(bytes.subarray(300, 302))).toBe('e364')
    // A short jump over code that grows stays as short as it can be.
    const { bytes: short } = assemble(`${'jmp end\n'.repeat(60)}jmp there\ntimes 100 nop\nthere: times 200 nop\nend:`)
    expect(hex(short.subarray(300, 302))).toBe('eb64')
  })
})

describe('distances of labels', () => {
  it.each([
    ['a: times 3 nop\nb: dw b-a, a-b+4, 510-(b-a)', '9090900300' + '0100fb01'],
    ['mov ecx, end-start\nstart: nop\nend:', 'b90100000090'],
    ['mov eax, [rbx+end-start]\nstart: nop\nend:', '8b430190'],
    ["text: db 'abc'\nlength equ $-text\nmov al, length\ndb length", '616263b00303'],
    ['x: .a: nop\n.b: db .b-.a\ny: .a: db .a-x.a', '900102'],
    ['jmp short end\ntimes 5-($-$$) db 0xcc\nend:', 'eb03cccccc'],
    ['times 8-($-$$) db 1, 2\n', '0102'.repeat(8)],
    ['align 4\ndd end-$$\nend:', '04000000'],
  ] as const)('%j', (text, expected) => expect(asm(text)).toBe(expected))

  it('sections stand one behind the other, in the order of their first use', () => {
    const text = 'mov eax, [value]\nsection .data align=8\nvalue: dd $-$$, $$\nsection .text\nret\nsection .data\ndb 7'
    const { bytes, labels, listing } = assemble(text, { bits: 32, origin: 0x1000n })
    expect(hex(bytes)).toBe('a108100000c3' + '0000' + '00000000' + '08100000' + '07')
    expect(labels.get('value')).toBe(0x1008n)
    expect(listing.map(({ address }) => address)).toEqual([0x1000n, 0x1005n, 0x1006n, 0x1008n, 0x1008n, 0x1010n])
    const a = new Assembler({ bits: 64, origin: 3n })
    a.section('.head').db(1).section('.text', 4).ret().section('.head').db(2)
    expect(hex(a.finish().bytes)).toBe('0102000000c3')
    expect(() => assemble('section')).toThrow(/line 1: section NAME/)
  })

  it('a boot sector as everyone writes it', () => {
    const text =
      'bits 16\norg 0x7c00\nstart: cli\nlgdt [gdtr]\nhlt\ngdt: dq 0, 0xcf9a000000ffff\ngdtr: dw gdtr-gdt-1\ndd gdt\ntimes 510-($-$$) db 0\ndw 0xaa55'
    const { bytes, labels } = assemble(text, { origin: 0x7c00n })
    expect(bytes.length).toBe(512)
    expect(hex(bytes.subarray(510))).toBe('55aa')
    const at = Number(labels.get('gdtr')) - 0x7c00
    expect(hex(bytes.subarray(at, at + 6))).toBe('0f00077c0000')
  })

  it('the typed assembler has them too, over branches that grow', () => {
    const a = new Assembler({ bits: 64 })
    a.label('from')
    for (let n = 0; n < 40; n++) a.jmp(label('to'))
    a.fill(200)
    a.label('to')
    a.dd(distance('from', 'to', 1)).db(distance('to', 'to', 7))
    const { bytes, labels } = a.finish()
    const view = new DataView(bytes.buffer)
    expect(view.getUint32(bytes.length - 5, true)).toBe(Number(labels.get('to')) + 1)
    expect(bytes.at(-1)).toBe(7)
  })
})
