import Foundation
import Generation
import Testing

@Suite struct OutputNamingTests {
  @Test func checkingLeavesNoFolderBehind() throws {
    let top = FileManager.default.temporaryDirectory.appendingPathComponent("imago-\(UUID().uuidString)")
    let naming = try OutputNaming(top.appendingPathComponent("a/b/picture.png").path, count: 1)
    let url = naming.url(index: 0, seed: 1, prompt: "a cat")
    try naming.check(url)
    #expect(!FileManager.default.fileExists(atPath: top.path))
    try naming.prepare(url)
    defer { try? FileManager.default.removeItem(at: top) }
    #expect(FileManager.default.fileExists(atPath: top.appendingPathComponent("a/b").path))
    try naming.check(url)
    #expect(FileManager.default.fileExists(atPath: top.appendingPathComponent("a/b").path), "it was there before")
  }
}
