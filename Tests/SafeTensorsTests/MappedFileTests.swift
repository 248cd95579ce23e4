import Foundation
import SafeTensors
import Testing

@Suite struct MappedFileTests {
  @Test func readsAllBytes() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let file = try MappedFile(path: folder.write(bytes, "data").path)
    #expect(file.count == 10_000 && Array(file.bytes) == bytes)
  }

  @Test func staysReadableAfterTheFileIsReplaced() throws {
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: folder.write([1, 2, 3], "data").path)
    try FileManager.default.removeItem(at: folder.file("data"))
    try folder.write([9, 9, 9], "data")
    #expect(Array(file.bytes) == [1, 2, 3])
  }

  @Test func adviceChangesNothing() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 * 3) }
    let file = try MappedFile(path: folder.write(bytes, "data").path)
    for advice in [MappedFile.Advice.sequential, .random, .willNeed, .dontNeed] {
      file.advise(advice)
      file.advise(advice, 5_000..<17_001)
      file.advise(advice, 20_000..<20_000)
      #expect(Array(file.bytes) == bytes)
    }
  }

  @Test func missingFile() throws {
    let path = try TemporaryFolder().file("none").path
    expectUnreadable(path, "not found")
  }

  @Test func directory() throws {
    let folder = try TemporaryFolder()
    expectUnreadable(folder.url.path, "is a directory")
  }

  @Test func emptyFile() throws {
    let folder = try TemporaryFolder()
    expectUnreadable(try folder.write([], "data").path, "is empty")
  }

  @Test func pipe() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("pipe").path
    #expect(mkfifo(path, 0o600) == 0)
    expectUnreadable(path, "is not a regular file")
  }

  @Test func pathThatEndsEarly() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], "data").path
    expectUnreadable(path + "\0.safetensors", "is not a valid path")
  }

  // Nothing is unreadable for the superuser.
  @Test(.enabled(if: geteuid() != 0)) func fileWithoutPermission() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], "data").path
    #expect(chmod(path, 0) == 0)
    expectUnreadable(path, "Permission denied")
  }

  private func expectUnreadable(
    _ path: String, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      throws: CheckpointError.unreadable(path: path, reason: reason), sourceLocation: sourceLocation
    ) {
      try MappedFile(path: path)
    }
  }
}
