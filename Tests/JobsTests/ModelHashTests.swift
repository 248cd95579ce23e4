import Foundation
import Jobs
import Testing

@Suite struct ModelHashTests {
  /// FIPS 180-4's examples, and lengths about a block's and the padding's ends; the figures are Python's hashlib's.
  @Test(arguments: [
    (0, "e3b0c44298"),
    (1, "6e340b9cff"),
    (55, "576a1bf8d4"),
    (56, "9b20501dfd"),
    (63, "30b345906b"),
    (64, "d8bc63b4fc"),
    (65, "1ee23b0fbc"),
    (119, "7a65898211"),
    (120, "655250427d"),
    (128, "54c9eb041b"),
    (1000, "c85a431e0f"),
    (1_048_576, "1f8647d4cd"),
    (1_048_640, "6fcf4fbc39"),
  ])
  func equalsSHA256(length: Int, hash: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    let file = folder.appendingPathComponent("model.safetensors")
    try Data((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 256) }).write(to: file)
    let cache = folder.appendingPathComponent("cache")
    #expect(ModelHash.short(file, cache: cache) == hash)
    #expect(ModelHash.short(file, cache: cache) == hash, "from the cache")
    // A changed file is read again.
    try Data("abc".utf8).write(to: file)
    #expect(ModelHash.short(file, cache: cache) == "ba7816bf8f")
  }

  @Test func foldersAndMissingFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(ModelHash.short(folder, cache: nil) == nil)
    let unet = folder.appendingPathComponent("unet")
    try FileManager.default.createDirectory(at: unet, withIntermediateDirectories: true)
    #expect(ModelHash.short(folder, cache: nil) == nil, "no weights")
    let file = unet.appendingPathComponent("a.safetensors")
    try Data("abc".utf8).write(to: file)
    let one = ModelHash.short(folder, cache: nil)
    try Data("abd".utf8).write(to: file)
    #expect(one != nil && one != ModelHash.short(folder, cache: nil))
  }
}
