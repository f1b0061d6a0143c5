/**
 * Characters after which a piece goes out. A whole page at once would be a string so large that V8
 * keeps it among its old objects: 100 MB of them had come together before they were cleared.
 */
export const pieceLength = 16_384
