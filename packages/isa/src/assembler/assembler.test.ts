import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Decoder, Instruction } from '../decoder/index.ts'
import { allForms } from '../facts/index.ts'
import { Formatter } from '../formatter/index.ts'
import { encodeSample } from '../samples.ts'
import { Assembler, AssemblerError, assemble, far, label, mem, mem32, mem64, reg } from './index.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const asm = (text: string, bits: 16 | 32 | 64 = 64): string => hex(assemble(text, { bits }).bytes)

/** Texts that mean a shorter encoding (moffs, MOV r64, imm64, selectors and words of wide registers), far pointers with 66, which GNU writes as near ones, and what only AMD has. */
const ONE_WAY = /moffs|^mov_sreg_|pinsrw_.*r(32|64)m16|^mov_r64_imm64$|^(jmp|call)_m1616$|^ud0$|_amd$/

describe('text', () => {
  it.each([
    [64, 'mov rax, [rbx+8*rcx+0x10]', '488b44cb10'],
    [64, 'mov byte ptr [rax], 1', 'c60001'],
    [64, 'add rax, -1', '4883c0ff'],
    [64, 'mov rax, 0x1122334455667788', '48b88877665544332211'],
    [64, 'mov eax, fs:[0x28]', '648b042528000000'],
    [64, 'lock xadd [rax], ecx', 'f00fc108'],
    [64, 'rep movsb', 'f3a4'],
    [64, 'lea eax, [rax*5]', '8d0480'],
    [64, 'push 1000', '68e8030000'],
    [32, 'times 200 nop\njmp $\n$:'.replace('jmp $', 'jmp near $'), `${'90'.repeat(200)}e900000000`],
    [64, 'xchg eax, eax', '87c0'],
    [64, 'xchg rbx, rax', '4893'],
    [64, 'vgatherdps xmm0, [rax+xmm1*4], xmm2', 'c4e269920488'],
    [64, 'fld qword [rax]\nfstp st(1)\nfstsw ax', 'dd00ddd99bdfe0'],
    [64, 'blendvps xmm1, xmm2', '660f3814ca'],
    [64, 'lea rax, [rel x]\nx: dq x', '488d05000000000700000000000000'],
    [64, 'push qword [rip+8]', 'ff3508000000'],
    [32, 'lgdt [0x1000]', '0f011500100000'],
    [32, 'jmp 8:0x1234', 'ea341200000800'],
    [32, 'jmp 8:x\nnop\nx: nop', 'ea0800000008009090'],
    [16, 'jmp 8:x+1\nx: nop', 'ea0600080090'],
    [16, 'call dword 8:x\nx: nop', '669a08000000080090'],
    [32, 'jmp word 8:x\nx: nop', '66ea0600080090'],
    [16, 'jmp 8:0x12345', '66ea452301000800'],
    [16, 'mov ax, [bx+si+2]', '8b4002'],
    [16, 'mov eax, cr0', '0f20c0'],
    [16, 'times 3 nop\nalign 8', '9090909090909090'],
    [64, "db 'hi', 10, 0 ; comment\nalign 8\nret # another", '68690a000f1f4000c3'],
    [64, 'n equ 3*(2+1)\nmov cl, n', 'b109'],
    [64, '{add_rm32_r32} add eax, ebx\n{add_r32_rm32} add eax, ebx', '01d803c3'],
    [64, 'a:\n.loop: dec ecx\njnz .loop\nb:\n.loop: jmp .loop', 'ffc975fcebfe'],
  ] as const)('%i-bit %j', (bits, text, expected) => expect(asm(text, bits)).toBe(expected))

  it.each([
    [64, 'faddp', 'dec1'],
    [64, 'fxch', 'd9c9'],
    [64, 'fadd st1', 'd8c1'],
    [64, 'imul eax, 3', '6bc003'],
    [64, 'shl byte [rax]', 'd020'],
    [32, 'aam', 'd40a'],
    [64, 'cmpltps xmm0, xmm1', '0fc2c101'],
    [64, 'vcmpge_oqsd xmm0, xmm1, [rax]', 'c5f3c2001d'],
    [64, 'pclmulhqlqdq xmm0, xmm1', '660f3a44c101'],
    [64, 'movs byte [rdi], [rsi]', 'a4'],
    [64, 'maskmovdqu xmm1, xmm2', '660ff7ca'],
    [64, 'lss esp, [rax]', '0fb220'],
    [64, 'jmp far [rbx]', 'ff2b'],
    [64, 'call fword ptr [rbx]', 'ff1b'],
    [32, 'les edi, [ebx]', 'c43b'],
    [64, 'fldenv [rax]', 'd920'],
    [64, 'movsx bx, di', '660fbfdf'],
    [64, 'mov fs, ax', '8ee0'],
    [64, 'push word 5', '66680500'],
    [64, 'push byte 5', '6a05'],
    [64, 'popf\npopfw', '9d669d'],
    [32, 'iret\niretw', 'cf66cf'],
    [16, 'pushf\npushfd', '9c669c'],
    [64, 'nop\njmp $', '90ebfe'],
    [64, '{vex} vpdpbusd xmm0, xmm1, xmm2', 'c4e27150c2'],
  ] as const)('what can be left out: %i-bit %j', (bits, text, expected) => expect(asm(text, bits)).toBe(expected))

  it("understands the formatter's text of every form", () => {
    const failures: string[] = []
    let trips = 0
    const i = new Instruction()
    for (const options of [{}, { memorySize: 'always' }, { preset: 'objdump' }] as const) {
      const formatter = new Formatter(options)
      for (const form of allForms().filter((f) => f.later === null && !ONE_WAY.test(f.name))) {
        for (const [bits, variant] of form.modes.flatMap((m) => [[m, 0] as const, [m, 1] as const])) {
          const decoder = new Decoder(bits, { vendor: form.vendor ?? 'intel' })
          decoder.decode(i, encodeSample(form, bits, variant) as Uint8Array)
          const text = formatter.format(i)
          decoder.decode(i, assemble(text, { bits }).bytes)
          if (formatter.format(i) !== text) failures.push(`${text}: ${formatter.format(i)}`)
          trips++
        }
      }
    }
    expect(trips).toBeGreaterThan(36_000)
    expect(failures).toEqual([])
  })

  it.each([
    ['mvo eax, 1', 'UNKNOWN_MNEMONIC', { line: 1, accepted: ['mov'] }],
    ['nop\nmovzx eax, eax', 'OPERANDS', { line: 2, operand: 2, accepted: ['r/m8', 'r/m16'] }],
    ['inc [rax]', 'AMBIGUOUS_SIZE', { line: 1, operand: 1 }],
    ['mov r9b, ah', 'OPERANDS', { line: 1 }],
    ['lock add eax, 1', 'PREFIX', { line: 1 }],
    ['aaa', 'MODE', { line: 1 }],
    ['jrcxz $far\ntimes 200 nop\n$far:', 'RANGE', { line: 1 }],
    ['jmp lop\nloop1:', 'UNDEFINED_LABEL', { line: 1 }],
    ['x:\nx:', 'DUPLICATE_LABEL', { line: 2 }],
    ['mov eax, [rax+', 'SYNTAX', { line: 1 }],
    ['mov eax, 12z', 'SYNTAX', { line: 1 }],
    ['db 256', 'RANGE', { line: 1 }],
    ['mov eax, 1/0', 'SYNTAX', { line: 1, accepted: [] }],
    ['mov eax, [rax', 'SYNTAX', { line: 1, accepted: [']'] }],
    ['mov ah, sil', 'OPERANDS', { line: 1, operand: 1 }],
    ['\n\nmov cs, ax', 'OPERANDS', { line: 3, operand: 1, accepted: ['es', 'ss', 'ds', 'fs', 'gs'] }],
    ['jmp short 0x1000', 'RANGE', { line: 1, operand: 1, accepted: ['rel8'] }],
    ['mov eax, [eax+rcx]', 'OPERANDS', { line: 1, operand: 2 }],
    ['mov eax, [rax+0x80000000]', 'RANGE', { line: 1, operand: 2 }],
    ['rep inc dword [rax]', 'PREFIX', { line: 1, accepted: ['lock with a destination in memory', 'no prefix'] }],
    ['mov eax, 5-x\nx:', 'SYNTAX', { line: 1, accepted: ['label - label'] }],
    ['rep', 'SYNTAX', { line: 1, accepted: ['mnemonic'] }],
    ['times x-y db 0\nx: db 1\ny:', 'RANGE', { line: 1 }],
    ['times y-x nop\nx: db 1\ny:', 'SYNTAX', { line: 1 }],
  ] as const)('%j: %s with line, operand and what is accepted', (text, code, details) => {
    try {
      assemble(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(AssemblerError)
      expect(error).toMatchObject({ code, ...details })
    }
  })

  it('answers any text with bytes or an AssemblerError', () => {
    const words = [
      'mov',
      'eax',
      '[',
      ']',
      ',',
      'rax',
      '+',
      '*',
      '8',
      'jmp',
      'x',
      ':',
      'db',
      "'a",
      'times',
      'lock',
      '(',
      ')',
      '-1',
      'equ',
      '{',
      '}',
      'st',
      'far',
      '\n',
      'align',
      'bits',
      '0x',
      'é',
    ]
    let seed = 7
    const next = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return seed >>> 16
    }
    for (let n = 0; n < 3000; n++) {
      const text = Array.from({ length: 1 + (next() % 9) }, () => words[next() % words.length]).join(' ')
      try {
        assemble(text)
      } catch (error) {
        expect(error, text).toBeInstanceOf(AssemblerError)
      }
    }
  })
})

describe('the typed assembler', () => {
  const { rax, rbx, rcx, eax, cs, ds, ax, cr0, ecx, st1 } = reg

  it('has a method for every mnemonic', () => {
    const a = new Assembler({ bits: 64, origin: 0x100000n })
    const top = a.label('top')
    a.mov(rax, mem64(rbx, { index: rcx, scale: 8, disp: 0x10 }))
      .prefix('lock')
      .xadd(mem32(rax), ecx)
    a.jne(top)
      .in(eax, reg.dx)
      .int(0x80)
      .fstp(st1)
      .lea(rax, mem(label('data', 4)))
    a.align(8).label('data')
    a.dq(label('top'), 5n)
    const { bytes, labels } = a.finish()
    expect(hex(bytes)).toBe('488b44cb10f00fc10875f5edcd80ddd9488d050500000090' + '00001000000000000500000000000000')
    expect(labels.get('data')).toBe(0x100018n)
  })

  it('writes a boot sector that goes from 16 to 32 bits in one image', () => {
    const a = new Assembler({ bits: 16, origin: 0x7c00n })
    a.cli()
      .xor(ax, ax)
      .mov(ds, ax)
      .lgdt(mem(label('pointer')))
    a.mov(eax, cr0).or(eax, 1).mov(cr0, eax)
    a.jmp(far(8, 0x7c20))
    a.org(0x7c20).bits(32).mov(eax, 0x12345678).hlt()
    a.align(4, 0).label('pointer')
    a.dw(23).dd(label('pointer'))
    const { bytes, labels } = a.finish()
    expect(hex(bytes.subarray(0, 5))).toBe('fa31c08ed8')
    expect(hex(bytes.subarray(0x20, 0x26))).toBe('b878563412f4')
    expect(labels.get('pointer')).toBe(0x7c28n)
    expect(cs.register).toBe(161)
  })
})

const gas = spawnSync('as', ['--version']).status === 0

describe.skipIf(!gas)(`against GNU as${gas ? '' : ' (skipped: as is absent)'}`, () => {
  const LINES = [
    'mov eax, ebx',
    'mov al, [rsi]',
    'mov [rdi], r15',
    'mov r8, [r13]',
    'mov r9, [rsp+8]',
    'mov qword ptr [rbp], 5',
    'movsx eax, byte ptr [rax]',
    'movsxd rax, ecx',
    'movzx r9d, r10w',
    'lea rax, [rbx+rcx*4+100]',
    'add al, 5',
    'add eax, 1000',
    'add ebx, 1000',
    'add rbx, -128',
    'sub rsp, 0x28',
    'imul eax, ebx, 7',
    'imul rax, [rbx]',
    'mul rcx',
    'idiv dword ptr [rcx]',
    'neg r8',
    'not byte ptr [rax]',
    'inc eax',
    'dec word ptr [rbx]',
    'shl eax, 1',
    'shl eax, 5',
    'sar rbx, cl',
    'shld eax, ebx, 3',
    'rol byte ptr [rax], 1',
    'bt eax, 3',
    'bts [rax], ecx',
    'bsf rax, rbx',
    'tzcnt eax, ecx',
    'popcnt rax, [rbx]',
    'bswap r11',
    'cmpxchg [rdi], esi',
    'xadd [rdi], rsi',
    'push rax',
    'push r12',
    'push 5',
    'push 1000',
    'pop qword ptr [rax]',
    'push fs',
    'ret',
    'ret 8',
    'leave',
    'enter 16, 0',
    'call rax',
    'call qword ptr [rax]',
    'jmp rcx',
    'nop',
    'pause',
    'ud2',
    'int3',
    'int 0x80',
    'syscall',
    'sysretq',
    'cpuid',
    'rdtsc',
    'hlt',
    'cli',
    'sti',
    'lgdt [rax]',
    'sidt [rax]',
    'ltr ax',
    'mov cr4, rax',
    'mov rbx, cr3',
    'mov dr7, rcx',
    'mov ds, eax',
    'mov ax, es',
    'invlpg [rax]',
    'wrmsr',
    'swapgs',
    'iretq',
    'in al, 0x60',
    'out dx, eax',
    'stosq',
    'lodsb',
    'scasd',
    'cmpsw',
    'cbw',
    'cdqe',
    'cqo',
    'lahf',
    'sete al',
    'setg byte ptr [rax]',
    'cmovle rax, rbx',
    'xchg rax, rbx',
    'xchg [rcx], edx',
    'test eax, eax',
    'test byte ptr [rax], 1',
    'cmpxchg16b [rdi]',
    'vmlaunch',
    'vmrun',
    'fld dword ptr [rax]',
    'fld tbyte ptr [rax]',
    'fadd st, st(3)',
    'faddp st(1), st',
    'fild word ptr [rax]',
    'fistp qword ptr [rax]',
    'fxch st(2)',
    'fnstcw [rax]',
    'fninit',
    'emms',
    'movd mm0, eax',
    'paddb mm1, mm2',
    'movaps xmm0, xmm1',
    'movss xmm2, [rax]',
    'movsd [rax], xmm3',
    'movq xmm1, rax',
    'movd xmm1, eax',
    'movdqu xmm9, [r9]',
    'addps xmm0, [rax]',
    'cvtsi2sd xmm0, rax',
    'cvttsd2si eax, xmm1',
    'pshufd xmm0, xmm1, 0x1b',
    'pinsrw xmm0, eax, 3',
    'ucomisd xmm0, xmm1',
    'pcmpestri xmm0, xmm1, 4',
    'aesenc xmm1, xmm2',
    'pclmulqdq xmm0, xmm1, 0',
    'sha1rnds4 xmm0, xmm1, 2',
    'crc32 eax, bl',
    'vaddps ymm0, ymm1, ymm2',
    'vaddsd xmm8, xmm9, [rax]',
    'vmovups [rax], ymm15',
    'vzeroupper',
    'vfmadd231pd ymm0, ymm1, [rax]',
    'vpermq ymm0, ymm1, 0x4e',
    'vextracti128 xmm0, ymm1, 1',
    'vpgatherdd ymm0, [rax+ymm1*4], ymm2',
    'vblendvps xmm0, xmm1, xmm2, xmm3',
    'andn eax, ebx, ecx',
    'bextr rax, rbx, rcx',
    'rorx eax, ebx, 3',
    'mulx rax, rbx, rcx',
    'xsave [rax]',
    'xgetbv',
    'rdrand rax',
    'clflush [rax]',
    'prefetcht0 [rax]',
    'mfence',
    'ldmxcsr [rax]',
    'endbr64',
    'rdfsbase rax',
    'movbe eax, [rbx]',
    'mov eax, [0x1234]',
    'mov rax, [rax+rbx]',
    'mov eax, [ebx+ecx*2]',
    'mov rax, gs:[rbx]',
  ]

  it(`${LINES.length} instructions encode as short as there, or to the same bytes`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringfold-as-'))
    try {
      const longer: string[] = []
      const source = join(folder, 'all.s')
      // Each line stands at a multiple of 16, padded with NOPs, so that the lines can be told apart.
      writeFileSync(
        source,
        `.intel_syntax noprefix\n${LINES.map((l) => `.balign 16, 0xf4\n${l.replace('st,', 'st(0),').replace(/, st$/, ', st(0)')}\n`).join('')}.balign 16, 0xf4\n`,
      )
      const object = join(folder, 'all.o')
      const binary = join(folder, 'all.bin')
      const run = spawnSync('as', ['--64', source, '-o', object], { encoding: 'utf8' })
      expect(run.stderr).toBe('')
      expect(spawnSync('objcopy', ['-O', 'binary', '--only-section=.text', object, binary]).status).toBe(0)
      const bytes = readFileSync(binary)
      for (const [n, line] of LINES.entries()) {
        const theirs = bytes.subarray(n * 16, n * 16 + 16)
        const ours = assemble(line, { bits: 64 }).bytes
        const same = Buffer.compare(Buffer.from(ours), theirs.subarray(0, ours.length)) === 0
        const rest = theirs.subarray(ours.length)
        // A shorter encoding than GNU's is as good; a longer one, or trailing bytes of theirs, is not.
        if (!same && rest.every((b) => b === 0xf4)) longer.push(`${line}: ours ${hex(ours)}, theirs ${hex(theirs)}`)
      }
      expect(longer).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
