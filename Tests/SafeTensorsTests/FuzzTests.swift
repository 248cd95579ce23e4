import Foundation
import SafeTensors
import Testing

/// Random damage to a valid file: it opens or throws, and what opens can be read to its last byte.
@Suite struct FuzzTests {
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func randomDamage(_ seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model.safetensors")
    try write(SafeTensorsWriterTests.tensors, to: url, metadata: ["format": "pt", "a\"b": "\n"])
    let intact = try Array(Data(contentsOf: url))
    let dataStart = try #require(SafeTensorsFile(url: url).entries.first).byteRange.lowerBound
    var random = SplitMix(state: seed)
    var rejected = 0
    for _ in 0..<500 {
      var bytes = intact
      switch random.next() % 4 {
      case 0: bytes.removeLast(1 + Int(random.next() % UInt64(intact.count - 1)))
      case 1: bytes[Int(random.next() % 8)] = UInt8(truncatingIfNeeded: random.next())
      default:
        bytes[Int(random.next() % UInt64(dataStart))] = UInt8(truncatingIfNeeded: random.next())
      }
      try folder.write(bytes)
      do throws(CheckpointError) {
        let file = try SafeTensorsFile(url: url)
        for entry in file.entries {
          let bytesOfShape = entry.shape.reduce(entry.type.byteSize, *)
          #expect(file.bytes(of: entry).count == bytesOfShape)
          _ = file.bytes(of: entry).reduce(0) { $0 ^ $1 }
        }
      } catch {
        rejected += 1
        #expect(!error.description.contains("\n") && error.description.contains(url.path))
      }
    }
    // Every truncation is an error, and so is most damage to lengths and punctuation; changed
    // letters of names and metadata are not. A quarter of the rounds truncate.
    #expect(rejected > 125)
  }
}

/// A small generator with a seed, so that failures can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
