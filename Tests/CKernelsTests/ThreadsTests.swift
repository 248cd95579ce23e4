import CKernels
import Synchronization
import Testing

@Suite struct ThreadsTests {
  final class Visits: Sendable {
    let ranges = Mutex<[Range<Int64>]>([])
  }

  static func ranges(_ n: Int64, grain: Int64) -> [Range<Int64>] {
    let visits = Visits()
    ik_parallel_for(
      n, grain,
      { context, begin, end in
        guard let context else { return }
        Unmanaged<Visits>.fromOpaque(context).takeUnretainedValue().ranges
          .withLock { $0.append(begin..<end) }
      }, Unmanaged.passUnretained(visits).toOpaque())
    return visits.ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
  }

  @Test(arguments: [0, 1, 2, 3, 7, 100, 1001], [0, 1, 5, 50, 5000])
  func rangesCoverEverythingOnce(n: Int, grain: Int) {
    let before = ik_threads()
    defer { ik_set_threads(before) }
    for threads in 1...4 {
      ik_set_threads(Int32(threads))
      let ranges = Self.ranges(Int64(n), grain: Int64(grain))
      #expect(ranges.flatMap { Array($0) } == (0..<Int64(n)).map { $0 })
      #expect(ranges.count <= threads && ranges.allSatisfy { !$0.isEmpty })
      if grain > 1 { #expect(ranges.count <= max(1, n / grain)) }
    }
  }

  @Test func forcedLevelsAreClamped() {
    let best = ik_isa_level()
    defer { ik_force_isa_level(best) }
    let names = ["baseline", "avx2", "avx512", "avx512-bf16"]
    for level in -1...4 {
      ik_force_isa_level(Int32(level))
      #expect(ik_isa_level() <= 3 && ik_isa_level() >= 0 && ik_isa_level() <= max(0, level))
      #expect(String(cString: ik_isa()) == names[Int(ik_isa_level())])
    }
  }
}
