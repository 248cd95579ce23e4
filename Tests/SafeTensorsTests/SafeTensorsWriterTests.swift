import Foundation
import SafeTensors
import Testing

@Suite struct SafeTensorsWriterTests {
  typealias Tensor = (name: String, type: ElementType, shape: [Int], bytes: [UInt8])

  /// One tensor of each type, in an order that is not sorted, with an empty one and a scalar.
  static let tensors: [Tensor] =
    ElementType.allCases.reversed().map { type in
      let count = 6 * type.byteSize
      return ("w.\(type.rawValue)", type, [2, 3], (0..<count).map { UInt8($0) })
    } + [("empty", .F32, [0, 4], []), ("scalar", .I64, [], [1, 2, 3, 4, 5, 6, 7, 8])]

  @Test func roundTrip() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model.safetensors")
    let metadata = ["format": "pt", "odd \"key\"\\": "line\nbreak\ttab \u{1} é 猫 😀"]
    try write(Self.tensors, to: url, metadata: metadata)
    let file = try SafeTensorsFile(url: url)
    #expect(file.names == Self.tensors.map(\.name))
    #expect(file.metadata == metadata)
    for tensor in Self.tensors {
      let entry = try #require(file.entry(tensor.name))
      #expect(entry.type == tensor.type && entry.shape == tensor.shape)
      #expect(Array(file.bytes(of: entry)) == tensor.bytes)
    }
  }

  @Test(arguments: ["", "a", "\"", "\\", "a\"b\\c", "tab\t", "\u{1f}", "\n", "é", "猫", "😀", "a/b"])
  func namesSurvive(_ name: String) throws {
    let folder = try TemporaryFolder()
    try writeShard([name], to: folder.file("model"))
    #expect(try SafeTensorsFile(url: folder.file("model")).names == [name])
  }

  @Test func layoutIsTheFormats() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model.safetensors")
    try write([("b", .F16, [1], [1, 2]), ("a", .U8, [2], [3, 4])], to: url, metadata: ["k": "v"])
    let header =
      "{\"__metadata__\":{\"k\":\"v\"},\"b\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
      + "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}"
    let padding = [UInt8](repeating: 0x20, count: (8 - header.utf8.count % 8) % 8)
    let expected = fileBytes(header: Array(header.utf8) + padding, data: [1, 2, 3, 4])
    #expect(try Array(Data(contentsOf: url)) == expected)
  }

  @Test(arguments: 0..<8) func dataStartsAtAMultipleOfEight(_ length: Int) throws {
    let folder = try TemporaryFolder()
    try writeShard([String(repeating: "n", count: length)], to: folder.file("model"))
    let file = try SafeTensorsFile(url: folder.file("model"))
    #expect(file.entries.first.map { $0.byteRange.lowerBound % 8 } == 0)
  }

  @Test func sameCallsGiveTheSameFile() throws {
    let folder = try TemporaryFolder()
    // Dictionaries of the same pairs may iterate in different orders.
    let pairs = (0..<50).map { ("key\($0)", "value\($0)") }
    try write(
      Self.tensors, to: folder.file("a"), metadata: Dictionary(uniqueKeysWithValues: pairs))
    var other: [String: String] = Dictionary(minimumCapacity: 5000)
    for (key, value) in pairs.reversed() { other[key] = value }
    try write(Self.tensors, to: folder.file("b"), metadata: other)
    #expect(try Data(contentsOf: folder.file("a")) == Data(contentsOf: folder.file("b")))
  }

  @Test func replacesAnOldFileOnlyWhenFinished() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model.safetensors")
    try writeShard(["old"], to: url)
    let writer = try SafeTensorsWriter(url: url, entries: [("new", .U8, [1])])
    try [UInt8(7)].withUnsafeBytes { try writer.append($0) }
    #expect(try SafeTensorsFile(url: url).names == ["old"])
    try writer.finish()
    #expect(try SafeTensorsFile(url: url).names == ["new"])
    #expect(try folder.contents == ["model.safetensors"])
  }

  @Test func droppedWriterLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try SafeTensorsWriter(
        url: folder.file("model"), entries: [("a", .U8, [1])])
      #expect(try folder.contents.count == 1)
      withExtendedLifetime(writer) {}
    }
    #expect(try folder.contents == [])
  }

  @Test func twoWritersOfOneFileDoNotMix() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model")
    let writers = try ["a", "b"].map { try SafeTensorsWriter(url: url, entries: [($0, .U8, [0])]) }
    for writer in writers.reversed() {
      try writer.append(UnsafeRawBufferPointer(start: nil, count: 0))
      try writer.finish()
    }
    #expect(try SafeTensorsFile(url: url).names == ["a"])
    #expect(try folder.contents == ["model"])
  }

  @Test func missingFolder() throws {
    let url = try TemporaryFolder().file("none/model.safetensors")
    #expect(
      throws: CheckpointError.unwritable(path: url.path, reason: "No such file or directory")
    ) { try writeShard(["a"], to: url) }
  }

  @Test func folderInTheWay() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    #expect(throws: CheckpointError.unwritable(path: url.path, reason: "Is a directory")) {
      try writeShard(["a"], to: url)
    }
    #expect(try folder.contents == ["model"])
  }

  /// A limit on file sizes stands in for a full disk. It holds for a whole process, so for one of its own.
  @Test func fullDisk() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let url = folder.file("model")
      // Ignored, the signal becomes an error of `write`.
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
      precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let writer = try SafeTensorsWriter(url: url, entries: [("a", .U8, [8192])])
      let found = #expect(throws: CheckpointError.self) {
        try [UInt8](repeating: 1, count: 8192).withUnsafeBytes { try writer.append($0) }
      }
      precondition(found == .unwritable(path: url.path, reason: "File too large"))
      let contents = try folder.contents
      precondition(contents == [])
    }
  }

  @Test(
    arguments: [
      ([("a", [1]), ("a", [2])], "a", "declared twice"),
      ([("__metadata__", [1])], "__metadata__", "the name is reserved"),
      ([("a", [1]), ("b", [-1])], "b", "impossible shape [-1]"),
      ([("a", [Int.max, 4])], "a", "impossible shape [9223372036854775807, 4]"),
    ] as [([(String, [Int])], String, String)])
  func impossibleDeclarations(
    _ tensors: [(String, [Int])], _ name: String, _ reason: String
  ) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("model")
    #expect(throws: CheckpointError.badTensor(path: url.path, name: name, reason: reason)) {
      try SafeTensorsWriter(url: url, entries: tensors.map { ($0.0, .F32, $0.1) })
    }
    #expect(try folder.contents == [])
  }
}
