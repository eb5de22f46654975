/** v86 in a process of its own: kernel, initramfs and BIOS come by arguments, the serial console goes to standard output. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { V86 } from 'v86'

const [kernel, initrd, bios, vgaBios, megabytes, append] = process.argv.slice(2) as [
  ...[string, string, string, string, string, string],
]
const build = dirname(createRequire(import.meta.url).resolve('v86'))
const bytes = (path: string) => {
  const file = readFileSync(path)
  return { buffer: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer }
}
const emulator = new V86({
  wasm_path: join(build, 'v86.wasm'),
  memory_size: Number(megabytes) << 20,
  vga_memory_size: 8 << 20,
  bios: bytes(bios),
  vga_bios: bytes(vgaBios),
  bzimage: bytes(kernel),
  initrd: bytes(initrd),
  cmdline: append,
  autostart: true,
})
emulator.add_listener('serial0-output-byte', (byte: number) => process.stdout.write(Buffer.of(byte)))
