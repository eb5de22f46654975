/** Linux's own drivers on all virtio devices, over PCI and over MMIO: `npm run -s conformance -- virtio`. */
import { readFileSync } from 'node:fs'
import { MemoryBlock, MemoryConsole, pairedNet } from '@ringfold/devices'
import { joinArchives, scriptArchive } from '@ringfold/guests'
import { type DebianGuest, obtainDebian } from '@ringfold/host-node'
import { createMachine } from '@ringfold/machine'
import { unexplained } from './debian/warnings.ts'

const SCRIPT = `
mke2fs /dev/vda >/dev/null && mount /dev/vda /mnt && seq 3000 > /mnt/numbers && sync && tail -1 /mnt/numbers && umount /mnt
echo 'to the console' > /dev/hvc0
head -c 64 /dev/hwrng | wc -c
cat /sys/class/misc/hw_random/rng_current
cat /sys/class/net/eth0/address
echo 'the log begins'; dmesg -r; echo 'the log ends'`
/** What it prints, each in a line, but for the log. */
const WANTED = ['3000', '64', 'virtio_rng.0', '52:54:00:12:34:56']
const INSTRUCTIONS = 6e9

async function problemsOver(virtio: 'pci' | 'mmio', guest: DebianGuest): Promise<string[]> {
  const terminal = new MemoryConsole()
  const frames: number[] = []
  const [backend, peer] = pairedNet()
  peer.onReceive((frame) => frames.push(frame.length))
  const initrd = joinArchives(readFileSync(guest.initramfsPath), scriptArchive(SCRIPT))
  const machine = createMachine({
    ...{ virtio, disks: [{ backend: new MemoryBlock(8 << 20) }], nets: [{ backend }], console: terminal },
    boot: { kernel: readFileSync(guest.kernelPath), initrd, commandLine: 'console=ttyS0' },
  })
  let output = ''
  machine.serial[0]?.onOutput((bytes) => {
    output += new TextDecoder('latin1').decode(bytes)
  })
  const end = await machine.run({ instructions: INSTRUCTIONS })
  await machine.close()
  const lines = output.replaceAll('\r', '').split('\n')
  const [, log = ''] = /the log begins\r?\n([\s\S]*)the log ends/.exec(output) ?? []
  return [
    ...(end.kind === 'powered-off' ? [] : [`it ended with ${end.kind}`]),
    ...WANTED.filter((text) => !lines.includes(text)).map((text) => `there is no line "${text}"`),
    ...(new TextDecoder().decode(terminal.output).includes('to the console') ? [] : ['nothing came to the console']),
    ...(frames.length > 0 ? [] : ['no frame came from the network card']),
    ...unexplained(log),
  ]
}

export async function run(): Promise<boolean> {
  const guest = await obtainDebian({ flavour: 'cloud-amd64', progress: (what) => console.error(what) })
  let passed = true
  for (const virtio of ['pci', 'mmio'] as const) {
    const problems = await problemsOver(virtio, guest)
    console.log(
      `${problems.length === 0 ? 'pass' : 'FAIL'}  block, network, console and entropy over ${virtio.toUpperCase()}`,
    )
    for (const problem of problems) console.log(`      ${problem}`)
    passed &&= problems.length === 0
  }
  return passed
}
