import Files
import Foundation
import Testing

/// Foundation's errors as a person reads them.
@Suite struct FileFailureTests {
  private struct Other: Error, CustomStringConvertible { let description = "a: is wrong" }

  @Test func thePathAndTheSystemsReason() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("nowhere-\(UUID().uuidString)/a.txt").path
    for work in [
      { try Data("a".utf8).write(to: URL(fileURLWithPath: path), options: .atomic) },
      { try Data("a".utf8).write(to: URL(fileURLWithPath: path)) },
      { _ = try Data(contentsOf: URL(fileURLWithPath: path)) },
    ] {
      do {
        try work()
        Issue.record("there is no such folder")
      } catch {
        #expect(FileFailure.line(error) == "\(path): No such file or directory", "\(error)")
        #expect(FileFailure.reason(error) == "No such file or directory")
      }
    }
    #expect(FileFailure.line(Other()) == "a: is wrong")
  }

  @Test func fullDisksAreSaidLikeThat() throws {
    do {
      try Data("a".utf8).write(to: URL(fileURLWithPath: "/dev/full"))
      Issue.record("a full disk took a byte")
    } catch { #expect(FileFailure.line(error) == "/dev/full: No space left on device", "\(error)") }
  }

  @Test func numbersSortAsNames() {
    #expect([0, 42, 999_999].map { NumberedName.padded($0, digits: 6) } == ["000000", "000042", "999999"])
    #expect(NumberedName.padded(1_000_000, digits: 6) == "1000000")
  }
}
