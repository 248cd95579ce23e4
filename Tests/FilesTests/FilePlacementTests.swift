import Files
import Foundation
import Testing

@Suite struct FilePlacementTests {
  /// Of many that want one name, one has it.
  @Test func onlyOneWins() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let target = folder.appendingPathComponent("a").path
    let results = try await withThrowingTaskGroup(of: Int32?.self) { group in
      for index in 0..<16 {
        let partial = folder.appendingPathComponent("p\(index)")
        try Data("\(index)".utf8).write(to: partial)
        group.addTask { FilePlacement.move(partial.path, to: target, replacing: false) }
      }
      return try await group.reduce(into: [Int32?]()) { $0.append($1) }
    }
    #expect(results.count { $0 == nil } == 1 && results.count { $0 == EEXIST } == 15)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 16)
    let partial = folder.appendingPathComponent("new")
    try Data("new".utf8).write(to: partial)
    #expect(FilePlacement.move(partial.path, to: target, replacing: true) == nil)
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "new")
  }
}
