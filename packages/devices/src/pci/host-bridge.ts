import { PciFunction } from './function.ts'

/**
 * Function 00:00.0: the generic PCI Express host bridge of Red Hat's virtual ids, which has no registers of its own.
 *
 * Chosen over an Intel chipset because drivers know it as nothing but a host bridge. Linux 6.1 looks for a function of this class
 * before it trusts mechanism 1 (arch/x86/pci/direct.c) and takes the enhanced space from the MCFG table for any bridge that it has no
 * probe for (arch/x86/pci/mmconfig-shared.c). The ids of an ICH9 bridge at 00:1f.0 would bring in what stands behind them on real
 * boards: drivers/pci/quirks.c claims ports that it reads from the ACPI and GPIO base registers (`quirk_ich7_lpc`), and drivers/mfd/lpc_ich.c
 * makes a watchdog and GPIO pins of them. With ACPI no kernel needs a bridge to ISA for the ports of a PC, nor registers for
 * PIRQ routing, since `_PRT` names global system interrupts; so there is none.
 */
export function genericHostBridge(): PciFunction {
  return new PciFunction({
    vendorId: 0x1b36,
    deviceId: 0x0008,
    classCode: 0x06_00_00,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  })
}
