export function offerCorrection() {}
