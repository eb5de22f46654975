/** CR0.EM, TS and MP, CR4.OSFXSR and OSXSAVE: who may use x87, MMX and SSE (Intel SDM vol. 3A, 2.5, 14.1, 15.1; table 2-2). */
import { CR0, CR4 } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { AT, Guest } from './guest.ts'

const UD = 6
const NM = 7
const { EM, TS, MP } = CR0.lo
const { OSFXSR, OSXSAVE } = CR4.lo
const HERE = `[${AT.data}]`

/** Vectors with CR0.EM; with CR0.TS; with TS and MP; without CR4.OSFXSR. */
// biome-ignore format: a table
const ROWS: readonly [code: string, em: number | undefined, ts: number | undefined, tsMp: number | undefined, noFxsr: number | undefined][] = [
  ['fld1', NM, NM, NM, undefined],
  ['fninit', NM, NM, NM, undefined],
  [`fnstcw ${HERE}`, NM, NM, NM, undefined],
  ['fnstsw ax', NM, NM, NM, undefined],
  ['wait', undefined, undefined, NM, undefined],
  ['emms', UD, NM, NM, undefined],
  ['paddb mm0, mm1', UD, NM, NM, undefined],
  ['pavgb mm0, mm1', UD, NM, NM, undefined],
  ['movd mm0, eax', UD, NM, NM, undefined],
  ['addps xmm0, xmm1', UD, NM, NM, UD],
  ['addsd xmm0, xmm1', UD, NM, NM, UD],
  ['paddb xmm0, xmm1', UD, NM, NM, UD],
  ['cvtpi2ps xmm0, mm1', UD, NM, NM, UD],
  ['movdq2q mm0, xmm1', UD, NM, NM, UD],
  [`ldmxcsr ${HERE}`, UD, NM, NM, UD],
  [`stmxcsr ${HERE}`, UD, NM, NM, UD],
  ['aesenc xmm0, xmm1', UD, NM, NM, UD],
  ['pcmpistri xmm0, xmm1, 0', UD, NM, NM, UD],
  ['pextrd eax, xmm0, 0', UD, NM, NM, UD],
  [`fxsave ${HERE}`, NM, NM, NM, undefined],
  [`xsave ${HERE}`, undefined, NM, NM, undefined],
  [`movnti ${HERE}, eax`, undefined, undefined, undefined, undefined],
  ['lfence', undefined, undefined, undefined, undefined],
  ['sfence', undefined, undefined, undefined, undefined],
  [`clflush ${HERE}`, undefined, undefined, undefined, undefined],
  [`prefetcht0 ${HERE}`, undefined, undefined, undefined, undefined],
  ['popcnt eax, ebx', undefined, undefined, undefined, undefined],
  ['crc32 eax, bl', undefined, undefined, undefined, undefined],
  ['pause', undefined, undefined, undefined, undefined],
]

describe.each(ENGINES)('coprocessor bits (Intel SDM vol. 3A, 2.5), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each(ROWS)('%s', (code, em, ts, tsMp, noFxsr) => {
    for (const [cr0, cr4, vector] of [
      [EM, OSFXSR, em],
      [TS, OSFXSR, ts],
      [TS | MP, OSFXSR, tsMp],
      [0, 0, noFxsr],
      [0, OSFXSR, undefined],
    ] as const) {
      guest
        .start(64)
        .control('cr0', cr0, EM | TS | MP)
        .control('cr4', cr4 | OSXSAVE, OSFXSR)
      guest.memory.write32(AT.data, 0x1f80)
      const stop = guest.run(`at: ${code}\nhlt`)
      if (vector === undefined) expect(stop).toEqual({ reason: 'halted' })
      else expect(stop).toMatchObject({ vector, ip: guest.label('at') })
    }
  })

  it('XSAVE without CR4.OSXSAVE is #UD (vol. 2D, XSAVE)', () => {
    guest.start(64)
    expect(guest.run(`at: xsave ${HERE}`)).toMatchObject({ vector: UD, ip: guest.label('at') })
  })

  it('bits that change count for the very next instruction, also of code that was executed before', () => {
    const loop = (change: string) =>
      `mov ecx, 20\ntop: call sub_\ndec ecx\njnz top\n${change}\nat: call sub_\nhlt\nsub_: addps xmm0, xmm1\nret`
    for (const [change, vector] of [
      [`mov rax, cr0\nor eax, ${TS}\nmov cr0, rax`, NM],
      [`mov rax, cr0\nor eax, ${EM}\nmov cr0, rax`, UD],
      [`mov rax, cr4\nand eax, ${~OSFXSR}\nmov cr4, rax`, UD],
      [`smsw eax\nor eax, ${TS}\nlmsw ax`, NM],
    ] as const) {
      guest.start(64)
      expect(guest.run(loop(change))).toMatchObject({ vector, ip: guest.label('sub_') })
    }
    guest.start(64).control('cr0', TS)
    expect(guest.run(`clts\naddps xmm0, xmm1\nhlt`)).toEqual({ reason: 'halted' })
  })

  it('CR0.NE clear: the instruction goes on, for FERR# is outside (vol. 1, D.2)', () => {
    guest.start(64).control('cr0', 0, CR0.lo.NE)
    expect(guest.run(`fninit\npush 0x37b\nfldcw [rsp]\nfld1\nfldz\nfdivp\nfld1\nhlt`)).toEqual({ reason: 'halted' })
  })
})
