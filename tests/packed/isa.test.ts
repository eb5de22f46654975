import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, inject, it } from 'vitest'

const consumer = inject('consumer')

/** Bundles an entry of the consumer's project for browsers, minified, as one classic script. */
async function bundle(source: string): Promise<string> {
  const result = await build({
    stdin: { contents: source, resolveDir: consumer, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
  })
  return result.outputFiles[0]?.text ?? ''
}

/** Runs a script where there is neither Node nor DOM, and where `eval` and `Function` are refused, as a strict CSP does. */
function runBare(script: string): unknown {
  const context = createContext({}, { codeGeneration: { strings: false, wasm: false } })
  expect(() => new Script('eval("1")').runInContext(context)).toThrow(/Code generation from strings/)
  return new Script(`${script}; globalThis.result`).runInContext(context)
}

it('a minified decoder-only bundle stays under 150 KB gzipped and runs in a browser under a strict content security policy', async () => {
  const script = await bundle(`
    import { Decoder, Instruction, operandCount } from '@ringfold/isa/decoder'
    const insn = new Instruction()
    const status = new Decoder(64).decode(insn, Uint8Array.of(0x48, 0x01, 0xd8), 0)
    globalThis.result = [status, insn.length, operandCount(insn)].join()
  `)
  expect(gzipSync(script).length).toBeLessThan(150_000)
  expect(runBare(script)).toBe('0,3,2')
})

it('a bundle of everything runs there too', async () => {
  const script = await bundle(`
    import { assemble } from '@ringfold/isa/assembler'
    import { disassemble } from '@ringfold/isa/decoder'
    import { formsOfMnemonic } from '@ringfold/isa/facts'
    const { bytes } = assemble('mov rax, [rbx+8*rcx+0x10]', { bits: 64 })
    const [insn] = [...disassemble(bytes)]
    globalThis.result = insn.form + ' ' + formsOfMnemonic('popf')[0].sensitivity.class
  `)
  expect(runBare(script)).toBe('mov_r64_rm64 control')
})

it('a decoder-only bundle carries neither texts nor encoder', async () => {
  const script = await bundle(`import { Decoder } from '@ringfold/isa/decoder'; globalThis.result = typeof Decoder`)
  expect(script).not.toMatch(/Robin-Irvine|xsaveopt/)
})

it('plain ESM: `npm i` of the tarballs, then import', () => {
  const directory = join(consumer, 'plain')
  mkdirSync(directory, { recursive: true })
  writeFileSync(
    join(directory, 'main.mjs'),
    `import { decodeOne } from '@ringfold/isa/decoder'\nconsole.log(decodeOne(Uint8Array.of(0x0f, 0xa2)).mnemonic)\n`,
  )
  expect(execFileSync(process.execPath, ['main.mjs'], { cwd: directory, encoding: 'utf8' })).toBe('cpuid\n')
})
