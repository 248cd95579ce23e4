import DataSets
import Foundation
import TestSupport
import Testing

/// Random damage to files of another writer: they are read or refused with one line, whatever the damage.
@Suite struct ParquetFuzzTests {
  @Test(arguments: ParquetFileTests.names + ["numbers-v2", "brotli", "delta"])
  func randomDamage(name: String) throws {
    let folder = try ScratchFolder()
    let intact = try Array(Data(contentsOf: ParquetFileTests.file(name)))
    let footer = 8 + (0..<4).reduce(0) { $0 | Int(intact[intact.count - 8 + $1]) << (8 * $1) }
    var random = TestRandom(seed: name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    var refused = 0
    for round in 0..<400 {
      var bytes = intact
      // The footer decides how everything else is read, so half of the damage is there.
      let range = round % 2 == 0 ? bytes.count - footer..<bytes.count : 4..<bytes.count
      for _ in 0...Int(random.next() % 4) {
        let place = range.lowerBound + Int(random.next() % UInt64(range.count))
        switch random.next() % 4 {
        case 0: bytes[place] ^= 1 << UInt8(random.next() % 8)
        case 1: bytes[place] = 0xff
        case 2: bytes[place] = 0
        default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      if round % 10 == 9 { bytes.removeLast(1 + Int(random.next() % UInt64(bytes.count - 1))) }
      let url = try folder.write(bytes, "a.parquet")
      do {
        let file = try ParquetFile(url)
        let flat = file.columns.indices.filter { file.columns[$0].maxRepetition == 0 }
        var rows = try file.rows(of: flat)
        var read = 0
        while read < 2000, try rows.next() != nil { read += 1 }
      } catch {
        refused += 1
        #expect(error.description.hasPrefix(url.path) && !error.description.contains("\n"))
      }
    }
    #expect(refused > 100)
  }

  @Test func snappyDamage() throws {
    // A literal of five bytes, a copy of eight that runs into itself, a literal of one.
    let packed: [UInt8] = [14, 16, 1, 2, 3, 4, 5, 0x11, 5, 0, 9]
    let whole = try SnappyDecoder.decode(packed[...], size: 14)
    #expect(whole == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 9])
    for cut in 0..<packed.count {
      #expect(throws: Fault.self) { try SnappyDecoder.decode(packed[..<cut], size: 14) }
    }
    #expect(throws: Fault.self) { try SnappyDecoder.decode(packed[...], size: 13) }
    var random = TestRandom(seed: 5)
    for _ in 0..<2000 {
      var bytes = packed
      bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      if let out = try? SnappyDecoder.decode(bytes[...], size: 14) { #expect(out.count == 14) }
    }
  }
}
