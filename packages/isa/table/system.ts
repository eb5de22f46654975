/**
 * System instructions: descriptor tables, control and debug registers, MSRs and counters, fast system calls, XSAVE, protection keys,
 * CET, AMD's additions; and, as `later`, the extents of system extensions that are not implemented.
 * VMX and SVM are in `virtualization.ts`, loads of far pointers and of segment registers in `general*.ts`. Notation: NOTATION.md.
 *
 * Exit controls are spelled as the SDM does (vol. 3C, chapters 25 and 26.1), with `_` for blanks and `-` for `/`. `CRn_READ` and its
 * like stand for the intercepts of sixteen registers each (APM vol. 2, appendix C).
 * Faults and exits: #UD, #GP by CPL and, on AMD, all simple checks come before the exit (SDM vol. 3C, 26.1.1; APM vol. 2, 15.7).
 */
import { type Family, family, type Sensitivity } from './notation.ts'

const systemGroup = { group: 'system' } as const

const privileged = (what: string): Sensitivity => ({ class: 'privileged', why: `${what}; faults outside CPL 0` })
const sensitiveRegister = (what: string): Sensitivity => ({
  class: 'behavior',
  why: `Robin-Irvine 3B (sensitive register): ${what}`,
})
const protectionReference = (what: string): Sensitivity => ({
  class: 'behavior',
  why: `Robin-Irvine 3C (protection system reference): ${what}`,
})
/** Found after Robin and Irvine's list, by their criterion. */
const byCriterion3B = (what: string): Sensitivity => ({
  class: 'behavior',
  why: `By criterion 3B of Robin and Irvine (not on their list): ${what}`,
})

const descriptorTables: readonly Family[] = [
  family({
    name: 'LGDT/LIDT',
    summary: 'Loads GDTR or IDTR from memory: limit (16 bits), then base (32 bits, in 64-bit mode 64).',
    cite: 'SDM 2A LGDT/LIDT; APM 3 LGDT, LIDT',
    note: 'With a 16-bit operand size only 24 bits of the base are loaded and bits 31:24 become 0. In 64-bit mode the operand size is fixed.',
    ...systemGroup,
    priv: 'cpl0',
    vmx: 'Access_to_GDTR_or_IDTR/descriptor-table_exiting',
    sensitive: privileged('changes a descriptor table register'),
    rows: `
      o16 0F 01 /2 | M | LGDT m16&32 | i64     imp:GDTR:w svm:GDTR_WRITE/INTERCEPT_GDTR_WRITE
      o32 0F 01 /2 | M | LGDT m16&32 | i64     imp:GDTR:w svm:GDTR_WRITE/INTERCEPT_GDTR_WRITE
      0F 01 /2     | M | LGDT m16&64 | o64 f64 imp:GDTR:w svm:GDTR_WRITE/INTERCEPT_GDTR_WRITE
      o16 0F 01 /3 | M | LIDT m16&32 | i64     imp:IDTR:w svm:IDTR_WRITE/INTERCEPT_IDTR_WRITE
      o32 0F 01 /3 | M | LIDT m16&32 | i64     imp:IDTR:w svm:IDTR_WRITE/INTERCEPT_IDTR_WRITE
      0F 01 /3     | M | LIDT m16&64 | o64 f64 imp:IDTR:w svm:IDTR_WRITE/INTERCEPT_IDTR_WRITE
    `,
  }),
  family({
    name: 'SGDT/SIDT',
    summary: 'Stores GDTR or IDTR: limit (16 bits), then base (32 bits, in 64-bit mode 64).',
    cite: 'SDM 2B SGDT, SIDT; APM 3 SGDT, SIDT',
    note: 'Processors since the 386 store all 32 bits of the base whatever the operand size; older text of the SDM has bits 31:24 as 0 with 16 bits.',
    ...systemGroup,
    priv: 'umip',
    vmx: 'Access_to_GDTR_or_IDTR/descriptor-table_exiting',
    sensitive: sensitiveRegister('shows where the real descriptor table is, unless CR4.UMIP makes it fault'),
    rows: `
      0F 01 /0 | M | SGDT m16&32:w | i64     imp:GDTR:r svm:GDTR_READ/INTERCEPT_GDTR_READ
      0F 01 /0 | M | SGDT m16&64:w | o64 f64 imp:GDTR:r svm:GDTR_READ/INTERCEPT_GDTR_READ
      0F 01 /1 | M | SIDT m16&32:w | i64     imp:IDTR:r svm:IDTR_READ/INTERCEPT_IDTR_READ
      0F 01 /1 | M | SIDT m16&64:w | o64 f64 imp:IDTR:r svm:IDTR_READ/INTERCEPT_IDTR_READ
    `,
  }),
  family({
    name: 'LLDT',
    summary: 'Loads LDTR from the LDT descriptor that the selector names; a null selector makes LDTR unusable.',
    cite: 'SDM 2A LLDT; APM 3 LLDT',
    ...systemGroup,
    attrs: 'pm',
    implicit: 'LDTR:w GDTR:r',
    priv: 'cpl0',
    vmx: 'Access_to_LDTR_or_TR/descriptor-table_exiting',
    svm: 'LDTR_WRITE/INTERCEPT_LDTR_WRITE',
    sensitive: privileged('changes LDTR'),
    rows: '0F 00 /2 | M | LLDT r/m16',
  }),
  family({
    name: 'LTR',
    summary: 'Loads TR from the available TSS descriptor that the selector names and marks the descriptor busy.',
    cite: 'SDM 2A LTR; APM 3 LTR',
    ...systemGroup,
    attrs: 'pm',
    implicit: 'TR:w GDTR:r',
    priv: 'cpl0',
    vmx: 'Access_to_LDTR_or_TR/descriptor-table_exiting',
    svm: 'TR_WRITE/INTERCEPT_TR_WRITE',
    sensitive: privileged('changes TR, and with it stacks and I/O permission map'),
    rows: '0F 00 /3 | M | LTR r/m16',
  }),
  family({
    name: 'SLDT',
    summary: 'Stores the selector of LDTR.',
    cite: 'SDM 2B SLDT; APM 3 SLDT',
    note: 'To memory always 16 bits. A 32- or 64-bit register gets the selector zero-extended.',
    ...systemGroup,
    attrs: 'pm',
    implicit: 'LDTR:r',
    priv: 'umip',
    vmx: 'Access_to_LDTR_or_TR/descriptor-table_exiting',
    svm: 'LDTR_READ/INTERCEPT_LDTR_READ',
    sensitive: sensitiveRegister('shows the real LDTR, unless CR4.UMIP makes it fault'),
    rows: '0F 00 /0 | M | SLDT rv/m16:w',
  }),
  family({
    name: 'STR',
    summary: 'Stores the selector of TR.',
    cite: 'SDM 2B STR; APM 3 STR',
    note: 'To memory always 16 bits. A 32- or 64-bit register gets the selector zero-extended.',
    ...systemGroup,
    attrs: 'pm',
    implicit: 'TR:r',
    priv: 'umip',
    vmx: 'Access_to_LDTR_or_TR/descriptor-table_exiting',
    svm: 'TR_READ/INTERCEPT_TR_READ',
    sensitive: protectionReference('shows the real TR and its RPL, unless CR4.UMIP makes it fault'),
    rows: '0F 00 /1 | M | STR rv/m16:w',
  }),
]

const protectionChecks: readonly Family[] = [
  family({
    name: 'LAR',
    summary: 'Sets ZF and loads the access rights of a descriptor if it is visible at CPL and RPL; else clears ZF.',
    cite: 'SDM 2A LAR; APM 3 LAR',
    note: 'Of a register source only bits 15:0 are read, whatever the operand size.',
    ...systemGroup,
    attrs: 'pm',
    flags: 'w=Z',
    implicit: 'GDTR:r LDTR:r',
    sensitive: protectionReference('reads the real descriptor table, and ZF depends on the real CPL'),
    rows: '0F 02 /r | RM | LAR rv:cw, rv/m16',
  }),
  family({
    name: 'LSL',
    summary:
      'Sets ZF and loads the segment limit in bytes if the descriptor is visible at CPL and RPL; else clears ZF.',
    cite: 'SDM 2A LSL; APM 3 LSL',
    note: 'Of a register source only bits 15:0 are read, whatever the operand size.',
    ...systemGroup,
    attrs: 'pm',
    flags: 'w=Z',
    implicit: 'GDTR:r LDTR:r',
    sensitive: protectionReference('reads the real descriptor table, and ZF depends on the real CPL'),
    rows: '0F 03 /r | RM | LSL rv:cw, rv/m16',
  }),
  family({
    name: 'VERR/VERW',
    summary: 'Sets ZF if the segment could be read, or written, at CPL and RPL.',
    cite: 'SDM 2C VERR/VERW; APM 3 VERR, VERW',
    note: 'On processors that report MD_CLEAR, VERW with a memory operand also overwrites microarchitectural buffers.',
    ...systemGroup,
    attrs: 'pm',
    flags: 'w=Z',
    implicit: 'GDTR:r LDTR:r',
    sensitive: protectionReference('reads the real descriptor table, and ZF depends on the real CPL'),
    rows: `
      0F 00 /4 | M | VERR r/m16
      0F 00 /5 | M | VERW r/m16
    `,
  }),
  family({
    name: 'ARPL',
    summary:
      'Raises the RPL of the destination selector to that of the source and sets ZF if it was lower; else clears ZF.',
    cite: 'SDM 2A ARPL; APM 3 ARPL',
    note: '63 is MOVSXD in 64-bit mode. Compares two operands and no state, so it is not sensitive.',
    ...systemGroup,
    attrs: 'i64 pm',
    flags: 'w=Z',
    rows: '63 /r | MR | ARPL r/m16:rcw, r16',
  }),
]

const controlRegisters: readonly Family[] = [
  family({
    name: 'MOV from CRn',
    summary: 'Copies a control register.',
    cite: 'SDM 2B MOV-Move to/from Control Registers; APM 3 MOV CRn',
    note: 'CR1, CR5-CR7 and CR9-CR15 are #UD. ModRM.mod is ignored, and so are 66 and REX.W. AMD processors with AltMovCr8 (CPUID Fn8000_0001 ECX) take LOCK as bit 3 of the register number in every mode: F0 0F 20 C0 reads CR8; elsewhere LOCK is #UD. The APM leaves the flags alone.',
    ...systemGroup,
    attrs: 'nomodreg',
    flags: 'u=OSZAPC',
    priv: 'cpl0',
    vmx: 'Control-register_accesses/CR3-store_exiting,Control-register_accesses/CR8-store_exiting',
    svm: 'CRn_READ/INTERCEPT_CRn_READ',
    sensitive: privileged('reads a control register'),
    rows: `
      0F 20 /r | MR | MOV r32:w, CRn | i64
      0F 20 /r | MR | MOV r64:w, CRn | o64 f64
    `,
  }),
  family({
    name: 'MOV to CRn',
    summary: 'Writes a control register.',
    cite: 'SDM 2B MOV-Move to/from Control Registers; APM 3 MOV CRn',
    note: 'As MOV from CRn; F0 0F 22 C0 writes CR8 where AMD has AltMovCr8. Serializing but for CR8. A write of CR0 that changes PG or PE, CR3 or CR4 flushes translations.',
    ...systemGroup,
    attrs: 'nomodreg',
    flags: 'u=OSZAPC',
    implicit: 'TLB:w',
    priv: 'cpl0',
    vmx: 'Control-register_accesses/CR0_guest-host_mask,Control-register_accesses/CR3-load_exiting,Control-register_accesses/CR4_guest-host_mask,Control-register_accesses/CR8-load_exiting',
    svm: 'CRn_WRITE/INTERCEPT_CRn_WRITE,CR0_SEL_WRITE/INTERCEPT_CR0_SEL_WRITE,CRn_WRITE_TRAP/INTERCEPT_CRn_WRITE_TRAP',
    sensitive: privileged('changes the mode or the address space'),
    rows: `
      0F 22 /r | RM | MOV CRn:w, r32 | i64
      0F 22 /r | RM | MOV CRn:w, r64 | o64 f64
    `,
  }),
  family({
    name: 'MOV from DRn',
    summary: 'Copies a debug register.',
    cite: 'SDM 2B MOV-Move to/from Debug Registers; APM 3 MOV DRn',
    note: 'DR4 and DR5 are DR6 and DR7 while CR4.DE is 0, and #UD while it is 1; DR8-DR15 are #UD. #DB first if DR7.GD is set. ModRM.mod is ignored. The APM leaves the flags alone.',
    ...systemGroup,
    attrs: 'nomodreg',
    flags: 'u=OSZAPC',
    implicit: 'DR7:r CR4:r',
    priv: 'cpl0',
    vmx: 'MOV_DR/MOV-DR_exiting',
    svm: 'DRn_READ/INTERCEPT_DRn_READ',
    sensitive: privileged('reads a debug register'),
    rows: `
      0F 21 /r | MR | MOV r32:w, DRn | i64
      0F 21 /r | MR | MOV r64:w, DRn | o64 f64
    `,
  }),
  family({
    name: 'MOV to DRn',
    summary: 'Writes a debug register.',
    cite: 'SDM 2B MOV-Move to/from Debug Registers; APM 3 MOV DRn',
    note: 'As MOV from DRn. #GP if bits 63:32 of DR6 or DR7 would be set.',
    ...systemGroup,
    attrs: 'nomodreg',
    flags: 'u=OSZAPC',
    implicit: 'DR7:r CR4:r',
    priv: 'cpl0',
    vmx: 'MOV_DR/MOV-DR_exiting',
    svm: 'DRn_WRITE/INTERCEPT_DRn_WRITE',
    sensitive: privileged('writes a debug register'),
    rows: `
      0F 23 /r | RM | MOV DRn:w, r32 | i64
      0F 23 /r | RM | MOV DRn:w, r64 | o64 f64
    `,
  }),
  family({
    name: 'LMSW',
    summary: 'Loads PE, MP, EM and TS (CR0 bits 3:0); PE can be set but not cleared.',
    cite: 'SDM 2A LMSW; APM 3 LMSW',
    note: 'The operand is 16 bits whatever the operand size. Exits when a bit owned by the monitor would differ from the read shadow. The selective CR0 intercept of SVM takes LMSW whatever it changes.',
    ...systemGroup,
    implicit: 'CR0:rw',
    priv: 'cpl0',
    vmx: 'Control-register_accesses/CR0_guest-host_mask',
    svm: 'CR0_WRITE/INTERCEPT_CR0_WRITE,CR0_SEL_WRITE/INTERCEPT_CR0_SEL_WRITE',
    sensitive: privileged('changes CR0'),
    rows: '0F 01 /6 | M | LMSW r/m16',
  }),
  family({
    name: 'SMSW',
    summary: 'Stores CR0: 16 bits to memory, as many as the operand size has to a register.',
    cite: 'SDM 2B SMSW; APM 3 SMSW',
    note: 'VMX never exits: bits owned by the monitor come from the CR0 read shadow. Documented as bits 15:0 with the rest undefined for a 32-bit register; processors store CR0.',
    ...systemGroup,
    implicit: 'CR0:r',
    priv: 'umip',
    svm: 'CR0_READ/INTERCEPT_CR0_READ',
    sensitive: sensitiveRegister('shows the real CR0, unless CR4.UMIP makes it fault'),
    rows: '0F 01 /4 | M | SMSW rv/m16:w',
  }),
  family({
    name: 'CLTS',
    summary: 'Clears CR0.TS.',
    cite: 'SDM 2A CLTS; APM 3 CLTS',
    note: 'Exits when CR0.TS is 1 both in the guest/host mask and in the read shadow.',
    ...systemGroup,
    implicit: 'CR0:rw',
    priv: 'cpl0',
    vmx: 'Control-register_accesses/CR0_guest-host_mask',
    svm: 'CR0_WRITE/INTERCEPT_CR0_WRITE',
    sensitive: privileged('changes CR0'),
    rows: '0F 06 | ZO | CLTS',
  }),
]

const cachesAndTranslations: readonly Family[] = [
  family({
    name: 'INVD',
    summary: 'Invalidates the caches without writing them back.',
    cite: 'SDM 2A INVD; APM 3 INVD',
    ...systemGroup,
    priv: 'cpl0',
    vmx: 'INVD/always',
    svm: 'INVD/INTERCEPT_INVD',
    sensitive: privileged('discards memory contents'),
    rows: '0F 08 | ZO | INVD',
  }),
  family({
    name: 'WBINVD/WBNOINVD',
    summary: 'Writes the caches back, and (WBINVD) invalidates them.',
    cite: 'SDM 2C WBINVD, WBNOINVD; APM 3 WBINVD, WBNOINVD',
    note: 'Where WBNOINVD is not supported F3 is ignored and the instruction is WBINVD.',
    ...systemGroup,
    priv: 'cpl0',
    vmx: 'WBINVD_or_WBNOINVD/WBINVD_exiting',
    svm: 'WBINVD/INTERCEPT_WBINVD',
    sensitive: privileged('acts on the caches of the whole machine'),
    rows: `
      0F 09    | ZO | WBINVD
      F3 0F 09 | ZO | WBNOINVD | WBNOINVD
    `,
  }),
  family({
    name: 'INVLPG',
    summary: 'Invalidates the translations of the page that holds the operand.',
    cite: 'SDM 2A INVLPG; APM 3 INVLPG',
    note: 'No segment fault and no access; in 64-bit mode a non-canonical address makes it a no-op.',
    ...systemGroup,
    implicit: 'TLB:w',
    priv: 'cpl0',
    vmx: 'INVLPG/INVLPG_exiting',
    svm: 'INVLPG/INTERCEPT_INVLPG',
    sensitive: privileged('acts on translations'),
    rows: '0F 01 /7 | M | INVLPG m:n',
  }),
  family({
    name: 'INVPCID',
    summary:
      'Invalidates translations by process-context identifier; the register holds the type, memory the descriptor.',
    cite: 'SDM 2A INVPCID; APM 3 INVPCID',
    note: '#GP in virtual-8086 mode. In VMX non-root operation #UD unless "enable INVPCID" is 1. The operand size is 64 in 64-bit mode and 32 elsewhere.',
    ...systemGroup,
    attrs: 'INVPCID',
    implicit: 'TLB:w',
    priv: 'cpl0',
    vmx: 'INVPCID/INVLPG_exiting',
    svm: 'INVPCID/INTERCEPT_INVPCID',
    sensitive: privileged('acts on translations'),
    rows: `
      66 0F 38 82 /r | RM | INVPCID r32, m128 | i64
      66 0F 38 82 /r | RM | INVPCID r64, m128 | o64 f64
    `,
  }),
]

const msrsAndCounters: readonly Family[] = [
  family({
    name: 'RDMSR/WRMSR',
    summary: 'Reads or writes the model-specific register ECX by way of EDX:EAX.',
    cite: 'SDM 2B RDMSR, 2C WRMSR; APM 3 RDMSR, WRMSR',
    note: '#GP in virtual-8086 mode. RDMSR clears the upper halves of RAX and RDX in 64-bit mode. WRMSR serializes, but for the MSRs excepted (SDM 3A, Serializing Instructions).',
    ...systemGroup,
    attrs: 'MSR',
    priv: 'cpl0',
    svm: 'MSR/INTERCEPT_MSR_PROT',
    sensitive: privileged('reads or changes machine state'),
    rows: `
      0F 32 | ZO | RDMSR | imp:ECX:r,EAX:w,EDX:w,MSR:r vmx:RDMSR/use_MSR_bitmaps
      0F 30 | ZO | WRMSR | imp:ECX:r,EAX:r,EDX:r,MSR:w vmx:WRMSR/use_MSR_bitmaps
    `,
  }),
  family({
    name: 'RDTSC',
    summary: 'Reads the time-stamp counter into EDX:EAX.',
    cite: 'SDM 2B RDTSC; APM 3 RDTSC',
    note: 'In non-root operation, or under SVM, the counter is scaled and offset where the monitor asked for it. #GP in virtual-8086 mode when TSD is set.',
    ...systemGroup,
    attrs: 'TSC',
    implicit: 'TSC:r EAX:w EDX:w',
    priv: 'tsd',
    vmx: 'RDTSC/RDTSC_exiting',
    svm: 'RDTSC/INTERCEPT_RDTSC',
    sensitive: byCriterion3B('reads the real clock, unless CR4.TSD makes it fault'),
    rows: '0F 31 | ZO | RDTSC',
  }),
  family({
    name: 'RDTSCP',
    summary: 'Reads the time-stamp counter into EDX:EAX and IA32_TSC_AUX into ECX, after all earlier instructions.',
    cite: 'SDM 2B RDTSCP; APM 3 RDTSCP',
    note: 'In VMX non-root operation #UD unless "enable RDTSCP" is 1.',
    ...systemGroup,
    attrs: 'RDTSCP',
    implicit: 'TSC:r MSR:r EAX:w EDX:w ECX:w',
    priv: 'tsd',
    vmx: 'RDTSCP/RDTSC_exiting',
    svm: 'RDTSCP/INTERCEPT_RDTSCP',
    sensitive: byCriterion3B('reads the real clock and processor number, unless CR4.TSD makes it fault'),
    rows: '0F 01 F9 | ZO | RDTSCP',
  }),
  family({
    name: 'RDPMC',
    summary: 'Reads the performance counter ECX into EDX:EAX.',
    cite: 'SDM 2B RDPMC; APM 3 RDPMC',
    ...systemGroup,
    implicit: 'PMC:r ECX:r EAX:w EDX:w',
    priv: 'pce',
    vmx: 'RDPMC/RDPMC_exiting',
    svm: 'RDPMC/INTERCEPT_RDPMC',
    sensitive: byCriterion3B('reads a counter of the real machine where CR4.PCE allows it'),
    rows: '0F 33 | ZO | RDPMC',
  }),
  family({
    name: 'RDPRU',
    summary: 'Reads the register ECX (0: MPERF, 1: APERF) into EDX:EAX; CF tells whether it exists.',
    cite: 'APM 3 RDPRU',
    ...systemGroup,
    attrs: 'RDPRU',
    flags: 'w=C 0=OSZAP',
    implicit: 'MSR:r ECX:r EAX:w EDX:w',
    priv: 'tsd',
    svm: 'RDPRU/INTERCEPT_RDPRU',
    sensitive: byCriterion3B('reads a counter of the real machine, unless CR4.TSD makes it fault'),
    rows: 'NP 0F 01 FD | ZO | RDPRU',
  }),
]

const transferToMsrTarget: Sensitivity = {
  class: 'control',
  why: "enters CPL 0 at the address in an MSR, which is the monitor's; no fault tells a monitor that its guest asked for it",
}

const systemCalls: readonly Family[] = [
  family({
    name: 'SYSENTER',
    summary:
      'Calls CPL 0 at IA32_SYSENTER_CS:EIP with the stack of IA32_SYSENTER_ESP; saves neither return address nor stack.',
    cite: 'SDM 2B SYSENTER; APM 3 SYSENTER',
    note: 'AMD: #UD in long mode, in 64-bit and compatibility mode. #GP in real mode or when IA32_SYSENTER_CS is null.',
    ...systemGroup,
    attrs: 'SEP',
    flags: '0=IV',
    implicit: 'MSR:r CS:w SS:w RSP:w RIP:w',
    sensitive: transferToMsrTarget,
    rows: '0F 34 | ZO | SYSENTER | flow:sysenter',
  }),
  family({
    name: 'SYSEXIT',
    summary:
      'Returns to CPL 3 at (R/E)DX with the stack of (R/E)CX: without REX.W to 32-bit code, with it to 64-bit code.',
    cite: 'SDM 2B SYSEXIT; APM 3 SYSEXIT',
    note: 'The SDM names both SYSEXIT. AMD: #UD in long mode. #GP in real mode, virtual-8086 mode or when IA32_SYSENTER_CS is null.',
    ...systemGroup,
    attrs: 'SEP',
    priv: 'cpl0',
    sensitive: privileged('changes CPL'),
    rows: `
      NOREX.W 0F 35 | ZO | SYSEXIT  | flow:sysexit imp:ECX:r,EDX:r,MSR:r,CS:w,SS:w,RSP:w,RIP:w
      REX.W 0F 35   | ZO | SYSEXITQ | flow:sysexit imp:RCX:r,RDX:r,MSR:r,CS:w,SS:w,RSP:w,RIP:w
    `,
  }),
  family({
    name: 'SYSCALL',
    summary:
      'Calls CPL 0 at the address in IA32_LSTAR; RCX gets the return address, R11 the flags, which IA32_FMASK then masks.',
    cite: 'SDM 2B SYSCALL; APM 3 SYSCALL',
    note: 'Intel: #UD outside 64-bit mode. AMD: legacy mode enters at STAR[31:0] with the return address in ECX and clears IF, VM and RF; compatibility mode enters at CSTAR and saves and masks flags as 64-bit mode does. #UD unless EFER.SCE is set.',
    ...systemGroup,
    attrs: 'SYSCALL',
    sensitive: transferToMsrTarget,
    rows: `
      0F 05         | ZO | SYSCALL | o64 flow:syscall imp:MSR:r,RCX:w,R11:w,CS:w,SS:w,RIP:w flags:r=OSZAPCDITNLRKvpi,w=OSZAPCDITNLKvpi,0=R
      NOREX.W 0F 05 | ZO | SYSCALL | i64 flow:syscall imp:MSR:r,ECX:w,CS:w,SS:w,RIP:w flags:0=IVR   # W, always 0 there, only tells the names apart
    `,
  }),
  family({
    name: 'SYSRET',
    summary: 'Returns to CPL 3 at RCX with the flags of R11: without REX.W to 32-bit code, with it to 64-bit code.',
    cite: 'SDM 2B SYSRET; APM 3 SYSRET',
    note: "The manuals name both SYSRET. Intel: #UD outside 64-bit mode; a non-canonical RCX is #GP at CPL 0 with the user's RSP, on AMD it faults at CPL 3. AMD in legacy mode: returns to ECX and sets IF; #GP in real and virtual-8086 mode. SS is loaded with fixed attributes by Intel; AMD changes its selector only.",
    ...systemGroup,
    attrs: 'SYSCALL',
    priv: 'cpl0',
    sensitive: privileged('changes CPL and flags'),
    rows: `
      NOREX.W 0F 07 | ZO | SYSRET  | o64 flow:sysret imp:MSR:r,ECX:r,R11:r,CS:w,SS:w,RIP:w flags:w=OSZAPCDITNLKvpi,0=RV
      REX.W 0F 07   | ZO | SYSRETQ | o64 flow:sysret imp:MSR:r,RCX:r,R11:r,CS:w,SS:w,RIP:w flags:w=OSZAPCDITNLKvpi,0=RV
      0F 07         | ZO | SYSRET  | i64 flow:sysret imp:MSR:r,ECX:r,CS:w,SS:w,RIP:w flags:1=I
    `,
  }),
  family({
    name: 'SWAPGS',
    summary: 'Exchanges the base of GS with IA32_KERNEL_GS_BASE.',
    cite: 'SDM 2B SWAPGS; APM 3 SWAPGS',
    ...systemGroup,
    attrs: 'o64',
    implicit: 'GSBASE:rw MSR:rw',
    priv: 'cpl0',
    sensitive: privileged('exchanges the user and kernel bases of GS (64-bit mode only, not in Robin and Irvine)'),
    rows: '0F 01 F8 | ZO | SWAPGS',
  }),
]

const halting: readonly Family[] = [
  family({
    name: 'HLT',
    summary: 'Stops until an enabled interrupt, NMI, SMI, INIT or debug exception.',
    cite: 'SDM 2A HLT; APM 3 HLT',
    ...systemGroup,
    priv: 'cpl0',
    vmx: 'HLT/HLT_exiting',
    svm: 'HLT/INTERCEPT_HLT',
    sensitive: privileged('stops the processor'),
    rows: 'F4 | ZO | HLT | flow:halt',
  }),
  family({
    name: 'RSM',
    summary: 'Returns from system-management mode with the state saved in SMRAM.',
    cite: 'SDM 2B RSM; APM 3 RSM',
    note: '#UD outside SMM, at CPL 0 too.',
    ...systemGroup,
    flags: 'w=OSZAPCDITNLRVKvpi',
    implicit: 'SMRAM:r',
    priv: 'smm',
    vmx: 'RSM/always',
    svm: 'RSM/INTERCEPT_RSM',
    sensitive: { class: 'privileged', why: 'loads the whole state; #UD outside SMM' },
    rows: '0F AA | ZO | RSM | flow:rsm',
  }),
  family({
    name: 'MONITOR/MWAIT',
    summary:
      'MONITOR arms a watch on the line at DS:rAX (ECX extensions, EDX hints), MWAIT waits for a store to it or an interrupt.',
    cite: 'SDM 2B MONITOR, MWAIT; APM 3 MONITOR, MWAIT',
    note: 'Outside CPL 0 the fault is #UD, not #GP (Intel: also by IA32_MISC_ENABLE.ENABLE_MONITOR_FSM; AMD: allowed at every CPL with HWCR.MonMwaitUserEn). MONITOR is checked as a byte load.',
    ...systemGroup,
    attrs: 'MONITOR',
    priv: 'cpl0',
    sensitive: privileged('stops the processor or prepares for it'),
    rows: `
      NP 0F 01 C8 | ZO | MONITOR m@rAX | imp:ECX:r,EDX:r vmx:MONITOR/MONITOR_exiting svm:MONITOR/INTERCEPT_MONITOR
      NP 0F 01 C9 | ZO | MWAIT         | imp:EAX:r,ECX:r vmx:MWAIT/MWAIT_exiting svm:MWAIT/INTERCEPT_MWAIT,MWAIT_CONDITIONAL/INTERCEPT_MWAIT_CONDITIONAL
    `,
  }),
  family({
    name: 'MONITORX/MWAITX',
    summary: 'MONITOR and MWAIT for every CPL; MWAITX has a timer (EBX) besides.',
    cite: 'APM 3 MONITORX, MWAITX',
    ...systemGroup,
    attrs: 'MONITORX',
    rows: `
      NP 0F 01 FA | ZO | MONITORX m@rAX | imp:ECX:r,EDX:r svm:MONITOR/INTERCEPT_MONITOR
      NP 0F 01 FB | ZO | MWAITX         | imp:EAX:r,EBX:r,ECX:r svm:MWAIT/INTERCEPT_MWAIT,MWAIT_CONDITIONAL/INTERCEPT_MWAIT_CONDITIONAL
    `,
  }),
]

const segmentation: readonly Family[] = [
  family({
    name: 'RDFSBASE/RDGSBASE/WRFSBASE/WRGSBASE',
    summary: 'Reads or writes the base of FS or GS; a write of 32 bits zero-extends.',
    cite: 'SDM 2B RDFSBASE/RDGSBASE, 2C WRFSBASE/WRGSBASE; APM 3 RDFSBASE, WRFSBASE',
    note: '#UD unless CR4.FSGSBASE is set; #GP on a write of a non-canonical base. The bases belong to the program, so they are not sensitive.',
    group: 'segment',
    attrs: 'o64 FSGSBASE',
    rows: `
      F3 0F AE /0 | M | RDFSBASE ry:w | imp:FSBASE:r
      F3 0F AE /1 | M | RDGSBASE ry:w | imp:GSBASE:r
      F3 0F AE /2 | M | WRFSBASE ry   | imp:FSBASE:w
      F3 0F AE /3 | M | WRGSBASE ry   | imp:GSBASE:w
    `,
  }),
  family({
    name: 'CLAC/STAC',
    summary: 'Clears or sets EFLAGS.AC and so forbids or allows supervisor accesses to user pages under SMAP.',
    cite: 'SDM 2A CLAC, 2B STAC; APM 3 CLAC, STAC',
    note: 'Outside CPL 0 the fault is #UD, not #GP.',
    ...systemGroup,
    attrs: 'SMAP',
    priv: 'cpl0',
    sensitive: privileged('changes a flag that CPL 0 gives a meaning'),
    rows: `
      NP 0F 01 CA | ZO | CLAC | flags:0=K
      NP 0F 01 CB | ZO | STAC | flags:1=K
    `,
  }),
]

const fxState = (access: string) =>
  `imp:FCW:${access},FSW:${access},FTW:${access},TOP:${access},FIP:${access},FDP:${access},ST(0)-ST(7):${access},XMM0-XMM15:${access},MXCSR:${access}`
const xsaveOut = 'imp:EDX:r,EAX:r,XCR0:r,XSTATE:r'
const xsaveIn = 'imp:EDX:r,EAX:r,XCR0:r,XSTATE:w'
const xsave = { group: 'xsave' } as const

const extendedState: readonly Family[] = [
  family({
    name: 'FXSAVE/FXRSTOR',
    summary: 'Stores or loads x87, MMX and SSE state: 512 bytes, 16-byte aligned.',
    cite: 'SDM 2A FXSAVE, FXRSTOR; APM 5 FXSAVE, FXRSTOR',
    note: 'Without REX.W instruction and data pointer have 32 bits and a selector. XMM8-XMM15 in 64-bit mode only; XMM and MXCSR only with CR4.OSFXSR (else implementation-dependent). AMD: with EFER.FFXSR not the XMM registers at CPL 0 in 64-bit mode, and the x87 pointers only with a pending exception.',
    ...xsave,
    attrs: 'FXSR',
    rows: `
      NP NOREX.W 0F AE /0 | M | FXSAVE m512byte:w   | ${fxState('r')} flags:r=0123
      NP REX.W 0F AE /0   | M | FXSAVE64 m512byte:w | ${fxState('r')} flags:r=0123
      NP NOREX.W 0F AE /1 | M | FXRSTOR m512byte    | ${fxState('w')} flags:w=0123
      NP REX.W 0F AE /1   | M | FXRSTOR64 m512byte  | ${fxState('w')} flags:w=0123
    `,
  }),
  family({
    name: 'LDMXCSR/STMXCSR',
    summary: 'Loads or stores MXCSR.',
    cite: 'SDM 2A LDMXCSR, 2B STMXCSR; APM 4 LDMXCSR, STMXCSR',
    note: '#GP if a bit outside MXCSR_MASK would be set.',
    group: 'sse',
    attrs: 'SSE',
    rows: `
      NP 0F AE /2 | M | LDMXCSR m32   | imp:MXCSR:w
      NP 0F AE /3 | M | STMXCSR m32:w | imp:MXCSR:r
    `,
  }),
  family({
    name: 'XSAVE',
    summary: 'Stores the state components in EDX:EAX and XCR0, standard format, and updates XSTATE_BV of the header.',
    cite: 'SDM 2C XSAVE; APM 4 XSAVE',
    note: 'The size is that of CPUID leaf 0Dh; memory must be 64-byte aligned. All of this family are #UD unless CR4.OSXSAVE is set.',
    ...xsave,
    attrs: 'XSAVE',
    rows: `
      NP NOREX.W 0F AE /4 | M | XSAVE m:rw   | ${xsaveOut}
      NP REX.W 0F AE /4   | M | XSAVE64 m:rw | ${xsaveOut}
    `,
  }),
  family({
    name: 'XSAVEOPT',
    summary: 'XSAVE that skips components in their initial state or unmodified since XRSTOR from the same place.',
    cite: 'SDM 2C XSAVEOPT; APM 4 XSAVEOPT',
    ...xsave,
    attrs: 'XSAVE XSAVEOPT',
    rows: `
      NP NOREX.W 0F AE /6 | M | XSAVEOPT m:rw   | ${xsaveOut}
      NP REX.W 0F AE /6   | M | XSAVEOPT64 m:rw | ${xsaveOut}
    `,
  }),
  family({
    name: 'XSAVEC',
    summary: 'XSAVE in compacted format, without components in their initial state; does not read the header.',
    cite: 'SDM 2C XSAVEC; APM 4 XSAVEC',
    ...xsave,
    attrs: 'XSAVE XSAVEC',
    rows: `
      NP NOREX.W 0F C7 /4 | M | XSAVEC m:w   | ${xsaveOut}
      NP REX.W 0F C7 /4   | M | XSAVEC64 m:w | ${xsaveOut}
    `,
  }),
  family({
    name: 'XRSTOR',
    summary:
      'Loads the state components in EDX:EAX and XCR0 from either format; components not in XSTATE_BV are initialized.',
    cite: 'SDM 2C XRSTOR; APM 4 XRSTOR',
    note: 'C0-C3 are written where the x87 component is among those loaded.',
    ...xsave,
    attrs: 'XSAVE',
    flags: 'c=0123',
    rows: `
      NP NOREX.W 0F AE /5 | M | XRSTOR m   | ${xsaveIn}
      NP REX.W 0F AE /5   | M | XRSTOR64 m | ${xsaveIn}
    `,
  }),
  family({
    name: 'XSAVES',
    summary: 'XSAVEC with supervisor components (IA32_XSS) and the modified optimization.',
    cite: 'SDM 2C XSAVES; APM 4 XSAVES',
    note: 'In VMX non-root operation #UD unless "enable XSAVES/XRSTORS" is 1; exits for components in the XSS-exiting bitmap.',
    ...xsave,
    attrs: 'XSAVE XSAVES',
    priv: 'cpl0',
    vmx: 'XSAVES/XSS-exiting_bitmap',
    sensitive: privileged('reads supervisor state'),
    rows: `
      NP NOREX.W 0F C7 /5 | M | XSAVES m:w   | ${xsaveOut},MSR:r
      NP REX.W 0F C7 /5   | M | XSAVES64 m:w | ${xsaveOut},MSR:r
    `,
  }),
  family({
    name: 'XRSTORS',
    summary: 'XRSTOR with supervisor components (IA32_XSS); compacted format only.',
    cite: 'SDM 2C XRSTORS; APM 4 XRSTORS',
    note: 'In VMX non-root operation #UD unless "enable XSAVES/XRSTORS" is 1; exits for components in the XSS-exiting bitmap.',
    ...xsave,
    attrs: 'XSAVE XSAVES',
    flags: 'c=0123',
    priv: 'cpl0',
    vmx: 'XRSTORS/XSS-exiting_bitmap',
    sensitive: privileged('changes supervisor state'),
    rows: `
      NP NOREX.W 0F C7 /3 | M | XRSTORS m   | ${xsaveIn},MSR:r
      NP REX.W 0F C7 /3   | M | XRSTORS64 m | ${xsaveIn},MSR:r
    `,
  }),
  family({
    name: 'XGETBV',
    summary: 'Reads the extended control register ECX into EDX:EAX (0: XCR0; 1: XCR0 and the components in use).',
    cite: 'SDM 2C XGETBV; APM 4 XGETBV',
    ...xsave,
    attrs: 'XSAVE',
    implicit: 'ECX:r XCR0:r EAX:w EDX:w',
    sensitive: byCriterion3B('shows the real XCR0'),
    rows: 'NP 0F 01 D0 | ZO | XGETBV',
  }),
  family({
    name: 'XSETBV',
    summary: 'Writes the extended control register ECX from EDX:EAX.',
    cite: 'SDM 2C XSETBV; APM 4 XSETBV',
    ...xsave,
    attrs: 'XSAVE',
    implicit: 'ECX:r EAX:r EDX:r XCR0:w',
    priv: 'cpl0',
    vmx: 'XSETBV/always',
    svm: 'XSETBV/INTERCEPT_XSETBV',
    sensitive: privileged('changes XCR0'),
    rows: 'NP 0F 01 D1 | ZO | XSETBV',
  }),
  family({
    name: 'RDPKRU/WRPKRU',
    summary: 'Reads PKRU into EAX and clears EDX, or writes it from EAX. ECX, and for a write EDX, must be 0.',
    cite: 'SDM 2B RDPKRU, 2C WRPKRU; APM 3 RDPKRU, WRPKRU',
    note: '#UD unless CR4.PKE is set. PKRU belongs to the program, so they are not sensitive.',
    ...systemGroup,
    attrs: 'PKU',
    rows: `
      NP 0F 01 EE | ZO | RDPKRU | imp:ECX:r,PKRU:r,EAX:w,EDX:w
      NP 0F 01 EF | ZO | WRPKRU | imp:ECX:r,EAX:r,EDX:r,PKRU:w
    `,
  }),
]

const tokenFlags = 'w=C 0=OSZAP'
const shadowStack = { group: 'cet', attrs: 'CET_SS pm' } as const

const controlFlowEnforcement: readonly Family[] = [
  family({
    name: 'ENDBR32/ENDBR64',
    summary: 'Marks a valid target of an indirect branch in 32-bit or 64-bit code; otherwise a NOP.',
    cite: 'SDM 2A ENDBR32, ENDBR64',
    note: 'A NOP (0F 1E) on every processor since the Pentium Pro without CET_IBT, and in the mode of the other one.',
    group: 'cet',
    attrs: 'CET_IBT',
    rows: `
      F3 0F 1E FB | ZO | ENDBR32
      F3 0F 1E FA | ZO | ENDBR64
    `,
  }),
  family({
    name: 'RDSSPD/RDSSPQ',
    summary: 'Reads the shadow stack pointer; leaves the register alone where shadow stacks are off.',
    cite: 'SDM 2B RDSSPD/RDSSPQ; APM 3 RDSSPD',
    note: 'A NOP (0F 1E) where shadow stacks are not supported or not enabled at the CPL, so that it needs no mode and no feature.',
    group: 'cet',
    attrs: 'CET_SS',
    implicit: 'SSP:r',
    rows: `
      F3 NOREX.W 0F 1E /1 | M | RDSSPD r32:cw
      F3 REX.W 0F 1E /1   | M | RDSSPQ r64:cw
    `,
  }),
  family({
    name: 'INCSSPD/INCSSPQ',
    summary:
      'Pops as many entries off the shadow stack as bits 7:0 of the register say, and touches the first and the last.',
    cite: 'SDM 2A INCSSPD/INCSSPQ; APM 3 INCSSPD',
    ...shadowStack,
    implicit: 'SSP:rw [SSP]:r',
    rows: `
      F3 NOREX.W 0F AE /5 | M | INCSSPD r32
      F3 REX.W 0F AE /5   | M | INCSSPQ r64
    `,
  }),
  family({
    name: 'SAVEPREVSSP',
    summary: 'Pops the previous-SSP token and pushes a restore token on the previous shadow stack.',
    cite: 'SDM 2B SAVEPREVSSP; APM 3 SAVEPREVSSP',
    note: 'CF, left by RSTORSSP, tells of a 4-byte hole above the token; #GP if it is set in 64-bit mode.',
    ...shadowStack,
    flags: 'r=C',
    implicit: 'SSP:rw [SSP]:rw',
    rows: 'F3 0F 01 EA | ZO | SAVEPREVSSP',
  }),
  family({
    name: 'RSTORSSP',
    summary:
      'Switches to the shadow stack whose restore token is in memory and replaces the token by a previous-SSP token.',
    cite: 'SDM 2B RSTORSSP; APM 3 RSTORSSP',
    note: 'The token is exchanged by a locked compare; a shadow-stack access. CF is set if a 4-byte hole lies above.',
    ...shadowStack,
    flags: tokenFlags,
    implicit: 'SSP:rw',
    rows: 'F3 0F 01 /5 | M | RSTORSSP m64:rw',
  }),
  family({
    name: 'WRSSD/WRSSQ',
    summary: 'Writes to a shadow stack of the current privilege.',
    cite: 'SDM 2C WRSSD/WRSSQ; APM 3 WRSSD',
    note: '#UD unless enabled by WR_SHSTK_EN of IA32_U_CET or IA32_S_CET.',
    ...shadowStack,
    rows: `
      NP NOREX.W 0F 38 F6 /r | MR | WRSSD m32:w, r32
      NP REX.W 0F 38 F6 /r   | MR | WRSSQ m64:w, r64
    `,
  }),
  family({
    name: 'WRUSSD/WRUSSQ',
    summary: 'Writes to a user shadow stack.',
    cite: 'SDM 2C WRUSSD/WRUSSQ; APM 3 WRUSSD',
    ...shadowStack,
    priv: 'cpl0',
    sensitive: privileged('writes a shadow stack as a user access'),
    rows: `
      66 NOREX.W 0F 38 F5 /r | MR | WRUSSD m32:w, r32
      66 REX.W 0F 38 F5 /r   | MR | WRUSSQ m64:w, r64
    `,
  }),
  family({
    name: 'SETSSBSY',
    summary: 'Marks the supervisor shadow stack of IA32_PL0_SSP busy and switches to it.',
    cite: 'SDM 2B SETSSBSY; APM 3 SETSSBSY',
    ...shadowStack,
    implicit: 'MSR:r SSP:w',
    priv: 'cpl0',
    sensitive: privileged('changes the supervisor shadow stack'),
    rows: 'F3 0F 01 E8 | ZO | SETSSBSY',
  }),
  family({
    name: 'CLRSSBSY',
    summary:
      'Clears the busy bit of a supervisor shadow stack token and sets SSP to 0; CF is set if the token was not busy or not valid.',
    cite: 'SDM 2A CLRSSBSY; APM 3 CLRSSBSY',
    ...shadowStack,
    flags: tokenFlags,
    implicit: 'SSP:w',
    priv: 'cpl0',
    sensitive: privileged('changes the supervisor shadow stack'),
    rows: 'F3 0F AE /6 | M | CLRSSBSY m64:rw',
  }),
]

const amdSystem: readonly Family[] = [
  family({
    name: 'CLZERO',
    summary: 'Writes zeros to the cache line that rAX points into.',
    cite: 'APM 3 CLZERO',
    note: 'The address is aligned down to the line, 64 bytes on all processors so far.',
    ...systemGroup,
    attrs: 'CLZERO',
    rows: '0F 01 FC | ZO | CLZERO m@rAX:w',
  }),
  family({
    name: 'MCOMMIT',
    summary: 'Waits until earlier stores are committed to memory; CF tells of an error.',
    cite: 'APM 3 MCOMMIT',
    note: '#UD unless EFER.MCOMMIT is set.',
    ...systemGroup,
    attrs: 'MCOMMIT',
    flags: tokenFlags,
    svm: 'MCOMMIT/INTERCEPT_MCOMMIT',
    rows: 'F3 0F 01 FA | ZO | MCOMMIT',
  }),
  family({
    name: 'INVLPGB',
    summary:
      'Broadcasts an invalidation of translations to all processors: rAX address and valid bits, EDX ASID and PCID, ECX count.',
    cite: 'APM 3 INVLPGB',
    note: 'rAX is as wide as the address size. A guest may use it with "enable INVLPGB/TLBSYNC" of the VMCB; else #UD.',
    ...systemGroup,
    attrs: 'INVLPGB pm',
    implicit: 'aAX:r ECX:r EDX:r TLB:w',
    priv: 'cpl0',
    svm: 'INVLPGB/INTERCEPT_INVLPGB,INVLPGB_ILLEGAL/INTERCEPT_INVLPGB_ILLEGAL',
    sensitive: privileged('acts on the translations of other processors'),
    rows: 'NP 0F 01 FE | ZO | INVLPGB',
  }),
  family({
    name: 'TLBSYNC',
    summary: 'Waits until the INVLPGB of this processor have been done by all.',
    cite: 'APM 3 TLBSYNC',
    ...systemGroup,
    attrs: 'INVLPGB pm',
    priv: 'cpl0',
    svm: 'TLBSYNC/INTERCEPT_TLBSYNC',
    sensitive: privileged('synchronizes with other processors'),
    rows: 'NP 0F 01 FF | ZO | TLBSYNC',
  }),
]

const later = { group: 'later' } as const

/** Known extent only: decoded to the right length and reported as not in the table. */
const laterExtensions: readonly Family[] = [
  family({
    name: 'SGX',
    summary: 'Enclaves: leaf functions by EAX for supervisor, user and monitor.',
    cite: 'SDM 3D ENCLS, ENCLU, ENCLV',
    ...later,
    attrs: 'later=SGX pm',
    flags: 'w=OSZAPC',
    rows: `
      NP 0F 01 CF | ZO | ENCLS | priv:cpl0 vmx:ENCLS/enable_ENCLS_exiting
      NP 0F 01 D7 | ZO | ENCLU
      NP 0F 01 C0 | ZO | ENCLV | priv:cpl0 vmx:ENCLV/enable_ENCLV_exiting
    `,
  }),
  family({
    name: 'SMX',
    summary: 'Safer mode extensions: leaf functions by EAX. The operand size is 64 with REX.W.',
    cite: 'SDM 2D GETSEC',
    note: 'Exits in non-root operation at every CPL that passes its checks; a leaf may change every flag.',
    ...later,
    attrs: 'later=SMX',
    vmx: 'GETSEC/always',
    rows: 'NP 0F 37 | ZO | GETSEC',
  }),
  family({
    name: 'PCONFIG',
    summary: 'Configures platform features such as memory encryption keys.',
    cite: 'SDM 2B PCONFIG',
    ...later,
    attrs: 'later=PCONFIG',
    flags: 'w=Z 0=OSAPC',
    priv: 'cpl0',
    vmx: 'PCONFIG/enable_PCONFIG',
    rows: 'NP 0F 01 C5 | ZO | PCONFIG',
  }),
  family({
    name: 'SEV-SNP',
    summary: 'Encrypted guests: reverse map table, page validation, exits by the guest.',
    cite: 'APM 3 VMGEXIT, PVALIDATE, RMPADJUST, RMPQUERY, RMPREAD, RMPUPDATE, PSMASH',
    note: 'PVALIDATE takes rAX by address size and is the only one of the page instructions outside 64-bit mode. VMGEXIT is VMMCALL outside a SEV-ES guest.',
    ...later,
    attrs: 'later=SEV',
    rows: `
      F3 0F 01 D9 | ZO | VMGEXIT   | flow:vmexit svm:VMGEXIT/always
      F2 0F 01 D9 | ZO | VMGEXIT   | flow:vmexit svm:VMGEXIT/always alias
      F2 0F 01 FF | ZO | PVALIDATE | priv:cpl0 flags:w=OSZAPC
      F3 0F 01 FF | ZO | PSMASH    | priv:cpl0 o64 flags:w=OSZAP
      F3 0F 01 FE | ZO | RMPADJUST | priv:cpl0 o64 flags:w=OSZAP
      F2 0F 01 FE | ZO | RMPUPDATE | priv:cpl0 o64 flags:w=OSZAP
      F3 0F 01 FD | ZO | RMPQUERY  | priv:cpl0 o64 flags:w=OSZAP
      F2 0F 01 FD | ZO | RMPREAD   | priv:cpl0 o64
    `,
  }),
  family({
    name: 'TDX',
    summary: 'Trust domains: calls between domain, its module (SEAM) and the host.',
    cite: 'SDM 2D SEAMCALL, SEAMOPS, SEAMRET, TDCALL',
    ...later,
    attrs: 'later=TDX',
    priv: 'cpl0',
    rows: `
      66 0F 01 CC | ZO | TDCALL   | vmx:TDCALL/always
      66 0F 01 CD | ZO | SEAMRET  | o64 flags:w=CZ,0=OSAP
      66 0F 01 CE | ZO | SEAMOPS  | o64 flags:w=Z,0=OSAPC
      66 0F 01 CF | ZO | SEAMCALL | o64 flags:w=C,0=OSZAP vmx:SEAMCALL/always
    `,
  }),
  family({
    name: 'UINTR',
    summary: 'User interrupts.',
    cite: 'SDM 2A CLUI, 2B SENDUIPI, STUI, TESTUI, UIRET',
    note: 'Outside 64-bit mode #UD.',
    ...later,
    attrs: 'later=UINTR o64',
    rows: `
      F3 0F 01 EC | ZO | UIRET  | flow:iret flags:w=OSZAPCDTK
      F3 0F 01 ED | ZO | TESTUI | flags:w=C,0=OSZAP
      F3 0F 01 EE | ZO | CLUI
      F3 0F 01 EF | ZO | STUI
      F3 0F C7 /6 | M  | SENDUIPI r64
    `,
  }),
  family({
    name: 'Key Locker',
    summary: 'AES with keys wrapped in handles of 384 or 512 bits.',
    cite: 'SDM 2A AESDEC128KL and its relatives, ENCODEKEY128, 2B LOADIWKEY',
    ...later,
    attrs: 'later=KL',
    flags: 'w=Z 0=OSACP',
    rows: `
      F3 0F 38 D8 /0 | M  | AESENCWIDE128KL m48byte
      F3 0F 38 D8 /1 | M  | AESDECWIDE128KL m48byte
      F3 0F 38 D8 /2 | M  | AESENCWIDE256KL m64byte
      F3 0F 38 D8 /3 | M  | AESDECWIDE256KL m64byte
      F3 0F 38 DC /r | RM | LOADIWKEY xmm, xmm          | priv:cpl0 vmx:LOADIWKEY/LOADIWKEY_exiting
      F3 0F 38 DC /r | RM | AESENC128KL xmm:rw, m48byte
      F3 0F 38 DD /r | RM | AESDEC128KL xmm:rw, m48byte
      F3 0F 38 DE /r | RM | AESENC256KL xmm:rw, m64byte
      F3 0F 38 DF /r | RM | AESDEC256KL xmm:rw, m64byte
      F3 0F 38 FA /r | RM | ENCODEKEY128 r32:w, r32   | flags:0=OSZAPC
      F3 0F 38 FB /r | RM | ENCODEKEY256 r32:w, r32   | flags:0=OSZAPC
    `,
  }),
  family({
    name: 'HRESET',
    summary: 'Resets the history of hardware predictions that EAX selects.',
    cite: 'SDM 2A HRESET',
    ...later,
    attrs: 'later=HRESET',
    priv: 'cpl0',
    rows: 'F3 0F 3A F0 C0 ib | I | HRESET imm8',
  }),
  family({
    name: 'FRED',
    summary:
      'Flexible return and event delivery: returns to supervisor and to user, and the load of GS that FRED needs.',
    cite: 'SDM 2A ERETS, ERETU, LKGS',
    ...later,
    attrs: 'o64',
    priv: 'cpl0',
    rows: `
      F2 0F 01 CA | ZO | ERETS      | later=FRED flow:iret flags:w=OSZAPCDITNLRKvpi
      F3 0F 01 CA | ZO | ERETU      | later=FRED flow:iret flags:w=OSZAPCDITNLRKvpi
      F2 0F 00 /6 | M  | LKGS r/m16 | later=LKGS
    `,
  }),
  family({
    name: 'MSR extensions',
    summary: 'MSRs without serialization, in lists, by an immediate number, and from user mode.',
    cite: 'SDM 2B RDMSR, RDMSRLIST, 2C WRMSRNS, WRMSRLIST, 2B URDMSR, 2C UWRMSR',
    ...later,
    rows: `
      NP 0F 01 C6                  | ZO | WRMSRNS            | later=WRMSRNS priv:cpl0 vmx:WRMSR/use_MSR_bitmaps svm:MSR/INTERCEPT_MSR_PROT
      F2 0F 01 C6                  | ZO | RDMSRLIST          | later=MSRLIST o64 priv:cpl0 vmx:RDMSRLIST/use_MSR_bitmaps
      F3 0F 01 C6                  | ZO | WRMSRLIST          | later=MSRLIST o64 priv:cpl0 vmx:WRMSRLIST/use_MSR_bitmaps
      VEX.128.F2.M7.W0 F6 /0 id    | MI | RDMSR r64:w, imm32 | later=MSR_IMM o64 priv:cpl0
      VEX.128.F3.M7.W0 F6 /0 id    | IM | WRMSRNS imm32, r64 | later=MSR_IMM o64 priv:cpl0
      F2 0F 38 F8 /r               | MR | URDMSR r64:w, r64  | later=USER_MSR o64
      F3 0F 38 F8 /r               | RM | UWRMSR r64, r64    | later=USER_MSR o64
      VEX.128.F2.M7.W0 F8 /0 id    | MI | URDMSR r64:w, imm32 | later=USER_MSR o64
      VEX.128.F3.M7.W0 F8 /0 id    | IM | UWRMSR imm32, r64  | later=USER_MSR o64
    `,
  }),
  family({
    name: 'PBNDKB',
    summary: 'Binds data to the platform by encrypting it with a platform key.',
    cite: 'SDM 2B PBNDKB',
    ...later,
    attrs: 'later=TSE o64',
    flags: 'w=Z 0=OSAPC',
    priv: 'cpl0',
    rows: 'NP 0F 01 C7 | ZO | PBNDKB',
  }),
]

export const system: readonly Family[] = [
  ...descriptorTables,
  ...protectionChecks,
  ...controlRegisters,
  ...cachesAndTranslations,
  ...msrsAndCounters,
  ...systemCalls,
  ...halting,
  ...segmentation,
  ...extendedState,
  ...controlFlowEnforcement,
  ...amdSystem,
  ...laterExtensions,
]
