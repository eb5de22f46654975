/**
 * Hardware virtualization: VMX (Intel) and SVM (AMD).
 *
 * VMX instructions: #UD outside VMX operation, in real and virtual-8086 mode and in compatibility mode (in IA-32e mode CS.L must
 * be 1). In VMX non-root operation they exit before the check of CPL (SDM vol. 3C, 26.1.2, and the pseudo code of each page).
 * SVM instructions: #UD without EFER.SVME and, but for VMMCALL, outside protected mode; an intercept is tested after these
 * checks and after that of CPL (APM vol. 2, 15.7).
 */
import { type Family, family } from './notation.ts'

/** VMsucceed clears all six; VMfailInvalid sets CF, VMfailValid ZF (SDM vol. 3C, 31.2). */
const vmFlags = 'w=CZ 0=PASO'
const vmx = { group: 'vmx', attrs: 'VMX pm', flags: vmFlags, priv: 'root0' } as const
const svm = { group: 'svm', attrs: 'SVM pm', priv: 'svme0' } as const

const rootInstruction = {
  class: 'privileged',
  why: 'acts on the state of VMX operation; exits in VMX non-root operation at every CPL, #UD or #GP elsewhere',
} as const
const hostInstruction = {
  class: 'privileged',
  why: 'acts on host state of SVM; #UD or #GP outside CPL 0, interceptable',
} as const

const vmxInstructions: readonly Family[] = [
  family({
    name: 'VMCALL',
    summary:
      'Calls the monitor: from non-root operation an exit at every CPL, in root operation a call of the SMM monitor.',
    cite: 'SDM 3C VMCALL',
    note: '#UD outside VMX operation, so that a hypercall interface has to be discovered by CPUID first. In root operation #GP unless CPL is 0. The exit needs no particular mode: real and virtual-8086 mode too.',
    group: 'vmx',
    attrs: 'VMX flow:vmexit',
    flags: vmFlags,
    vmx: 'VMCALL/always',
    rows: 'NP 0F 01 C1 | ZO | VMCALL',
  }),
  family({
    name: 'VMFUNC',
    summary: 'Invokes the VM function EAX (0: EPTP switching by ECX) without an exit.',
    cite: 'SDM 3C VMFUNC',
    note: '#UD outside non-root operation, where "enable VM functions" is 0, and for EAX above 63; exits when the function is not enabled. Allowed at every CPL and in every mode. The SDM leaves flags to the functions; none of those defined writes any.',
    group: 'vmx',
    attrs: 'VMX',
    implicit: 'EAX:r ECX:r EPTP:w',
    vmx: 'VMFUNC/enable_VM_functions',
    rows: 'NP 0F 01 D4 | ZO | VMFUNC',
  }),
  family({
    name: 'VMLAUNCH/VMRESUME',
    summary: 'Enters the guest of the current VMCS, the first time or again.',
    cite: 'SDM 3C VMLAUNCH/VMRESUME',
    note: 'Flags are written only when the entry fails before guest state is loaded; afterwards a failure is an exit.',
    ...vmx,
    implicit: 'VMCS:rw',
    sensitive: rootInstruction,
    rows: `
      NP 0F 01 C2 | ZO | VMLAUNCH | flow:vmentry vmx:VMLAUNCH/always
      NP 0F 01 C3 | ZO | VMRESUME | flow:vmentry vmx:VMRESUME/always
    `,
  }),
  family({
    name: 'VMXON',
    summary: 'Enters VMX root operation; the operand holds the physical address of the VMXON region.',
    cite: 'SDM 3C VMXON',
    note: 'The only one that is executed outside VMX operation, where it needs CR4.VMXE and CPL 0; #GP if IA32_FEATURE_CONTROL or CR0 and CR4 do not permit. In root operation VMfail.',
    ...vmx,
    priv: 'cpl0',
    vmx: 'VMXON/always',
    sensitive: rootInstruction,
    rows: 'F3 0F C7 /6 | M | VMXON m64',
  }),
  family({
    name: 'VMXOFF',
    summary: 'Leaves VMX operation.',
    cite: 'SDM 3C VMXOFF',
    ...vmx,
    vmx: 'VMXOFF/always',
    sensitive: rootInstruction,
    rows: 'NP 0F 01 C4 | ZO | VMXOFF',
  }),
  family({
    name: 'VMCLEAR',
    summary: 'Writes a VMCS back to memory and marks it clear.',
    cite: 'SDM 3C VMCLEAR',
    ...vmx,
    implicit: 'VMCS:rw',
    vmx: 'VMCLEAR/always',
    sensitive: rootInstruction,
    rows: '66 0F C7 /6 | M | VMCLEAR m64',
  }),
  family({
    name: 'VMPTRLD/VMPTRST',
    summary: 'Loads or stores the pointer to the current VMCS.',
    cite: 'SDM 3C VMPTRLD, VMPTRST',
    ...vmx,
    sensitive: rootInstruction,
    rows: `
      NP 0F C7 /6 | M | VMPTRLD m64   | imp:VMCS:w vmx:VMPTRLD/always
      NP 0F C7 /7 | M | VMPTRST m64:w | imp:VMCS:r vmx:VMPTRST/always flags:0=OSZAPC   # no VMfail
    `,
  }),
  family({
    name: 'VMREAD/VMWRITE',
    summary: 'Reads or writes the field of the current VMCS whose encoding the register holds.',
    cite: 'SDM 3C VMREAD, VMWRITE',
    note: 'With "VMCS shadowing" an access in non-root operation goes to the shadow VMCS without exit unless bits 63:15 (31:15) of the encoding are set or its bit in the VMREAD or VMWRITE bitmap is 1. The operand size is 64 in 64-bit mode and 32 elsewhere, whatever the prefixes.',
    ...vmx,
    sensitive: rootInstruction,
    rows: `
      NP 0F 78 /r | MR | VMREAD r/m32:w, r32 | i64     imp:VMCS:r vmx:VMREAD/unless_VMCS_shadowing
      NP 0F 78 /r | MR | VMREAD r/m64:w, r64 | o64 f64 imp:VMCS:r vmx:VMREAD/unless_VMCS_shadowing
      NP 0F 79 /r | RM | VMWRITE r32, r/m32  | i64     imp:VMCS:w vmx:VMWRITE/unless_VMCS_shadowing
      NP 0F 79 /r | RM | VMWRITE r64, r/m64  | o64 f64 imp:VMCS:w vmx:VMWRITE/unless_VMCS_shadowing
    `,
  }),
  family({
    name: 'INVEPT/INVVPID',
    summary:
      'Invalidates translations cached from an EPT hierarchy, or those of a VPID; the register holds the type, memory the descriptor.',
    cite: 'SDM 3C INVEPT, INVVPID',
    note: 'Exist where IA32_VMX_EPT_VPID_CAP says so; CPUID has no bit for them.',
    ...vmx,
    implicit: 'TLB:w',
    sensitive: rootInstruction,
    rows: `
      66 0F 38 80 /r | RM | INVEPT r32, m128  | i64     vmx:INVEPT/always
      66 0F 38 80 /r | RM | INVEPT r64, m128  | o64 f64 vmx:INVEPT/always
      66 0F 38 81 /r | RM | INVVPID r32, m128 | i64     vmx:INVVPID/always
      66 0F 38 81 /r | RM | INVVPID r64, m128 | o64 f64 vmx:INVVPID/always
    `,
  }),
]

const svmInstructions: readonly Family[] = [
  family({
    name: 'VMRUN',
    summary:
      'Saves host state, loads guest state from the VMCB whose physical address rAX holds, and runs the guest until #VMEXIT.',
    cite: 'APM 3 VMRUN; APM 2 15.5',
    note: 'rAX is 16, 32 or 64 bits wide by address size. A guest whose VMCB does not set the VMRUN intercept is not entered (VMEXIT_INVALID).',
    ...svm,
    flags: 'r=OSZAPCDITNLRKvpi',
    implicit: 'VMCB:rw MSR:r',
    svm: 'VMRUN/INTERCEPT_VMRUN',
    sensitive: hostInstruction,
    rows: '0F 01 D8 | ZO | VMRUN m@rAX:rw | flow:vmentry',
  }),
  family({
    name: 'VMMCALL',
    summary: 'Calls the monitor at every CPL and in every mode; #UD when not intercepted.',
    cite: 'APM 3 VMMCALL',
    note: 'F2 or F3 before it is VMGEXIT, which is VMMCALL outside a SEV-ES guest.',
    group: 'svm',
    attrs: 'SVM flow:vmexit',
    svm: 'VMMCALL/INTERCEPT_VMMCALL',
    rows: '0F 01 D9 | ZO | VMMCALL',
  }),
  family({
    name: 'VMLOAD/VMSAVE',
    summary:
      'Loads or stores the state that VMRUN leaves alone: FS, GS, TR, LDTR, KernelGSBase, STAR, LSTAR, CSTAR, SFMASK, SYSENTER_*.',
    cite: 'APM 3 VMLOAD, VMSAVE',
    note: 'With "virtualized VMLOAD and VMSAVE" a guest executes them without intercept on nested-translated addresses.',
    ...svm,
    sensitive: hostInstruction,
    rows: `
      0F 01 DA | ZO | VMLOAD m@rAX   | imp:FS:w,GS:w,TR:w,LDTR:w,MSR:w svm:VMLOAD/INTERCEPT_VMLOAD
      0F 01 DB | ZO | VMSAVE m@rAX:w | imp:FS:r,GS:r,TR:r,LDTR:r,MSR:r svm:VMSAVE/INTERCEPT_VMSAVE
    `,
  }),
  family({
    name: 'STGI/CLGI',
    summary: 'Sets or clears the global interrupt flag.',
    cite: 'APM 3 STGI, CLGI; APM 2 15.17',
    note: 'STGI is also allowed without EFER.SVME where the processor has SKINIT. With "virtual GIF" a guest that is not intercepted changes its own.',
    ...svm,
    implicit: 'GIF:w',
    sensitive: hostInstruction,
    rows: `
      0F 01 DC | ZO | STGI | svm:STGI/INTERCEPT_STGI
      0F 01 DD | ZO | CLGI | svm:CLGI/INTERCEPT_CLGI
    `,
  }),
  family({
    name: 'SKINIT',
    summary:
      'Resets the processor to a trusted state and jumps into the secure loader block at the physical address in EAX; general registers become 0, but for EAX, EDX (the family) and ESP (the end of the block).',
    cite: 'APM 3 SKINIT; APM 2 15.27',
    note: 'Allowed without EFER.SVME where CPUID Fn8000_0001 ECX[SKINIT] is set.',
    group: 'svm',
    attrs: 'SKINIT pm',
    priv: 'cpl0',
    flags: '0=OSZAPCDITNLRVKvpi',
    implicit:
      'EDX:w ESP:w ECX:w EBX:w EBP:w ESI:w EDI:w RIP:w CS:w SS:w DS:w ES:w FS:w GS:w GIF:w CR0:w CR3:w CR4:w DR6:w DR7:w MSR:w',
    svm: 'SKINIT/INTERCEPT_SKINIT',
    sensitive: hostInstruction,
    rows: '0F 01 DE | ZO | SKINIT EAX:rw | flow:jmpind',
  }),
  family({
    name: 'INVLPGA',
    summary: 'Invalidates the TLB entries of the page at the linear address in rAX for the ASID in ECX.',
    cite: 'APM 3 INVLPGA',
    note: 'rAX is 16, 32 or 64 bits wide by address size; segment overrides do nothing.',
    ...svm,
    implicit: 'TLB:w',
    svm: 'INVLPGA/INTERCEPT_INVLPGA',
    sensitive: hostInstruction,
    rows: '0F 01 DF | ZO | INVLPGA m@rAX:n, ECX',
  }),
]

export const virtualization: readonly Family[] = [...vmxInstructions, ...svmInstructions]
