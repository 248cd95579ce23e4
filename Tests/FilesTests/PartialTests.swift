import Files
import Foundation
import Synchronization
import Testing

/// Files and folders have their names once they are whole; what was cut short is cleared away.
@Suite struct PartialTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/partial-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

  private func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(folder)/\(name)").map { Array($0) }
  }

  private func append(_ bytes: [UInt8], to file: PartialFile) throws {
    try bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws in try file.append(bytes) }
  }

  @Test func fileAppearsWhole() throws {
    try PartialFile.write(Data([1]), to: "\(folder)/a")
    let file = try PartialFile("\(folder)/a")
    try append([UInt8](repeating: 2, count: 9), to: file)
    #expect(bytes("a") == [1] && names.count == 2 && names.contains { Partials.isPartial($0) })
    try file.finish(flushing: true)
    #expect(names == ["a"] && bytes("a")?.count == 9)
  }

  @Test func whatIsDroppedIsGone() throws {
    do {
      let file = try PartialFile("\(folder)/a")
      try append([1], to: file)
      _ = try PartialFolder("\(folder)/deep/er/b")
    }
    #expect(names == [])
    #expect(throws: (any Error).self) { _ = try PartialFile("\(folder)/nowhere/a") }
    try FileManager.default.createDirectory(atPath: "\(folder)/d", withIntermediateDirectories: true)
    #expect(throws: (any Error).self) { try PartialFile.write(Data(), to: "\(folder)/d") }
    #expect(names == ["d"])
  }

  /// A folder that was just made is empty for a moment; whoever clears up then must leave it to its maker.
  @Test func othersThatClearUpLeaveNewFoldersAlone() {
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for round in 0..<100 {
        do { _ = try PartialFolder("\(folder)/\(thread)-\(round)/deep/set") } catch {
          failures.withLock { $0.append("\(thread), \(round): \(error)") }
        }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(names == [])
  }

  @Test func folderTakesTheOldOnesPlace() throws {
    for content in ["one", "two"] {
      let new = try PartialFolder("\(folder)/x/m")
      try Data(content.utf8).write(to: new.url.appendingPathComponent("f"))
      if content == "two" { #expect(bytes("x/m/f") == Array("one".utf8)) }
      try new.finish(replacing: content == "two")
    }
    #expect(bytes("x/m/f") == Array("two".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/x") == ["m"])
    let third = try PartialFolder("\(folder)/x/m")
    #expect(throws: (any Error).self) { try third.finish() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/x") == ["m"])
  }

  /// Only this program's names, only of processes that are gone, only unlocked.
  @Test func clearsWhatOthersLeft() throws {
    let gone = try #require((300_000...4_000_000).first { kill(Int32($0), 0) != 0 && errno == ESRCH })
    let kept = [
      ".imago-1-1.partial", ".imago-\(gone).partial", ".imago-\(gone)-x.partial", ".imago--1.partial",
      "imago-\(gone)-1.partial",
      ".imago-\(gone)-1.partial.a.txt", ".imago-\(gone)-9.partial",
    ]
    let left = [".imago-\(gone)-1.partial", ".imago-\(gone)-4.partial.png", ".imago-\(getpid())-999999.partial"]
    for name in kept + left {
      try Data([1]).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    try FileManager.default.createDirectory(
      atPath: "\(folder)/.imago-\(gone)-2.partial/unet", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/.imago-\(gone)-3.partial", withDestinationPath: "\(folder)/.imago-1-1.partial")
    let held = open("\(folder)/.imago-\(gone)-9.partial", O_RDONLY)
    defer { close(held) }
    #expect(flock(held, LOCK_EX) == 0)
    Partials.sweep(folder)
    #expect(names == (kept + [".imago-\(gone)-3.partial"]).sorted())
  }
}
