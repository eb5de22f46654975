/** The privilege model: segmentation, gates, TSS, exceptions and interrupts, CR and MSR rules, sensitive instructions. */
export type {}
