import Files
import Foundation
import Synchronization
import Testing

struct HeldFileTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("held-\(UUID().uuidString)").path

  @Test func oneHoldsItUntilItGoes() throws {
    defer { unlink(path) }
    var first: HeldFile? = try HeldFile(path)
    #expect(throws: HeldFile.Failure.busy) { try HeldFile(path) }
    first?.release()
    var second: HeldFile? = try HeldFile(path)
    first = nil
    #expect(throws: HeldFile.Failure.busy) { try HeldFile(path) }
    _ = second
    second = nil
    #expect(throws: Never.self) { try HeldFile(path) }
    #expect(throws: HeldFile.Failure.system(ENOTDIR)) { try HeldFile("\(path)/none") }
  }

  /// A number that is closed twice is by then another thread's file.
  @Test func whatFailsClosesNobodysFile() throws {
    defer { unlink(path) }
    let held = try HeldFile(path)
    let isDone = Atomic(false)
    let lost = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 2) { part in
      if part == 0 {
        for _ in 0..<20_000 { _ = try? HeldFile(path) }
        isDone.store(true, ordering: .relaxed)
      } else {
        while !isDone.load(ordering: .relaxed) {
          let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
          if fcntl(file, F_GETFD) < 0 { lost.wrappingAdd(1, ordering: .relaxed) }
          if close(file) != 0 { lost.wrappingAdd(1, ordering: .relaxed) }
        }
      }
    }
    #expect(lost.load(ordering: .relaxed) == 0)
    _ = held
  }
}
