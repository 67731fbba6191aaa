export const PAGE = "x";
export const POLICY = "default-src 'none'";
