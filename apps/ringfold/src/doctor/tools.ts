/** The optional tools: what each is called, is for, and how to get it. */
export interface OptionalTool {
  readonly name: string
  /** Programs of which one is enough, in the order in which they are looked for. */
  readonly programs: readonly string[]
  readonly versionArguments: readonly string[]
  readonly purpose: string
  /** Debian's package. */
  readonly package: string
}

const VERSION = ['--version']

export const OPTIONAL_TOOLS: readonly OptionalTool[] = [
  {
    name: 'apt-get',
    programs: ['apt-get'],
    versionArguments: VERSION,
    purpose: "obtains Debian's kernel and busybox for `--guest debian`; without it, the lab guest is the default",
    package: 'apt',
  },
  {
    name: 'dpkg-deb',
    programs: ['dpkg-deb'],
    versionArguments: VERSION,
    purpose: 'unpacks them',
    package: 'dpkg',
  },
  {
    name: 'passt',
    programs: ['passt'],
    versionArguments: VERSION,
    purpose: "`--net user`: a guest reaches services on this host's loopback",
    package: 'passt',
  },
  {
    name: 'qemu',
    programs: ['qemu-system-x86_64'],
    versionArguments: VERSION,
    purpose: 'the peer of `bench -- boot` and `conformance -- lockstep`',
    package: 'qemu-system-x86',
  },
  {
    name: 'gdb',
    programs: ['gdb'],
    versionArguments: VERSION,
    purpose: 'debugs a guest: `ringfold run --gdb PORT`, `ringfold gdb`',
    package: 'gdb',
  },
  {
    name: 'gcc',
    programs: ['gcc', 'cc'],
    versionArguments: VERSION,
    purpose: 'builds the programs of tests and benchmarks that compare with this processor',
    package: 'gcc libc6-dev',
  },
  {
    name: 'objdump',
    programs: ['objdump'],
    versionArguments: VERSION,
    purpose: 'the peer of `conformance -- isa-format`',
    package: 'binutils',
  },
  {
    name: 'mkfs.ext4',
    programs: ['mkfs.ext4'],
    versionArguments: ['-V'],
    purpose: 'makes and checks disk images in tests, with e2fsck of the same package',
    package: 'e2fsprogs',
  },
  {
    name: 'iasl',
    programs: ['iasl'],
    versionArguments: ['-v'],
    purpose: 'disassembles and recompiles our ACPI tables in tests',
    package: 'acpica-tools',
  },
  {
    name: 'chromium',
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    versionArguments: VERSION,
    purpose: 'runs a machine in a browser, in tests to come',
    package: 'chromium',
  },
]
