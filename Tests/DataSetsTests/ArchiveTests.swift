import DataSets
import Foundation
import Images
import TestSupport
import Testing

/// tar (`Fixtures/archives/make_archives.py`), IDX and CIFAR-10.
@Suite struct ArchiveTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func records(_ url: URL, _ change: (inout ImportOptions) -> Void = { _ in }) throws -> [ImportRecord] {
    var options = ImportOptions()
    change(&options)
    let source = try ImportSources.open(url, options)
    var records: [ImportRecord] = []
    while let record = try source.next() { records.append(record) }
    // Passing over records leads to the same ones.
    for skipped in 0...records.count {
      let source = try ImportSources.open(url, options)
      try source.skip(skipped)
      #expect(try source.next()?.name == (skipped < records.count ? records[skipped].name : nil))
    }
    return records
  }

  private func grey(_ record: ImportRecord) throws -> [UInt8] {
    switch record.picture {
    case .file(let bytes): try PNG.decode(bytes).pixels
    case .image(let image): image.pixels
    case .none(let reason): Array(reason.utf8)
    }
  }

  // MARK: - tar

  @Test(arguments: ["ustar", "gnu", "pax"]) func webDatasets(name: String) throws {
    let records = try records(fixtureURL("archives/\(name).tar.gz"))
    #expect(records.map(\.caption) == ["a café", "from json", "text first"])
    #expect(try records.map { try grey($0)[0] } == [1, 2, 3])
    #expect(records[1].columns["label"] == .int(7) && records[1].columns["size"] == .int(3))
    #expect(records[1].name.hasSuffix("a-long-folder-name/0002.png") && records[1].name.count > 130)
  }

  @Test func textsThatAreNoneAreNamed() throws {
    try folder.write(try PNG.encode(Image(width: 1, height: 1, channels: 1, pixels: [3])), "in/a.png")
    try folder.write("{", "in/a.json")
    try tar("in")
    var said: [String] = []
    let report = try ImportRun(folder.file("in.tar.gz"), to: folder.file("out")).run(remark: { said.append($0) })
    #expect(report.pictures == 1 && said == ["in/a.png: the .json beside it is no JSON object and was left out"])
  }

  /// Packs a folder with the system's tar.
  private func tar(_ name: String) throws {
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "-C", folder.url.path, "-czf", folder.file("\(name).tar.gz").path, "--sort=name", name]
    try tar.run()
    tar.waitUntilExit()
    #expect(tar.terminationStatus == 0)
  }

  @Test func damagedArchives() throws {
    let packed = try Array(Data(contentsOf: fixtureURL("archives/pax.tar.gz")))
    let stream = try ByteStream(fixtureURL("archives/pax.tar.gz"))
    let plain = try stream.read(upTo: 1 << 20)
    let file = try folder.write(plain, "a.tar")
    #expect(try records(file).count == 3)
    var random = TestRandom(seed: 3)
    for round in 0..<600 {
      var bytes = round % 2 == 0 ? plain : packed
      bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      if round % 3 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      let url = try folder.write(bytes, "a.tar")
      do {
        let source = try ImportSources.open(url, ImportOptions())
        while try source.next() != nil {}
      } catch { #expect("\(error)".contains(url.path), "\(error)") }
    }
  }

  // MARK: - IDX

  private func idx(_ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    var head: [UInt8] = [0, 0, 8, UInt8(shape.count)]
    for side in shape { head += [0, 0, UInt8(side >> 8), UInt8(side & 255)] }
    return head + bytes
  }

  @Test func idxFilesAndTheirLabels() throws {
    try folder.write(idx([3, 2, 2], (0..<12).map { UInt8($0) }), "fashion/train-images-idx3-ubyte")
    try folder.write(idx([3], [9, 0, 4]), "fashion/train-labels-idx1-ubyte")
    try folder.write(idx([1, 2, 2], [5, 5, 5, 5]), "fashion/t10k-images-idx3-ubyte")
    let train = try records(folder.file("fashion"))
    #expect(train.map(\.caption) == ["ankle boot", "t-shirt", "coat"])
    #expect(train.map { $0.columns["label_id"] } == [.int(9), .int(0), .int(4)])
    #expect(try grey(train[1]) == [4, 5, 6, 7])
    let test = try records(folder.file("fashion")) { $0.split = .test }
    #expect(try test.count == 1 && test[0].caption == nil && grey(test[0]) == [5, 5, 5, 5])
    let named = try records(folder.file("fashion/train-images-idx3-ubyte")) { $0.labels = ["zero"] }
    #expect(named.map(\.caption) == ["9", "zero", "4"])

    try folder.write(idx([2], [1, 2]), "fashion/train-labels-idx1-ubyte")
    #expect(throws: DataSetError.self) { try records(folder.file("fashion")) }
    try folder.write(idx([3], [9, 0, 4]), "fashion/train-labels-idx1-ubyte")
    try folder.write(idx([3, 2, 2], [1, 2, 3, 4, 5]), "fashion/train-images-idx3-ubyte")
    #expect(throws: DataSetError.self) { try records(folder.file("fashion")) }
  }

  // MARK: - CIFAR-10

  private func cifar(_ labels: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for label in labels {
      bytes.append(label)
      for place in 0..<3072 {
        let (channel, row) = (place / 1024, place % 1024 / 32)
        bytes.append(UInt8(channel * 50 + row + Int(label)))
      }
    }
    return bytes
  }

  @Test func cifarBatches() throws {
    try folder.write(cifar([3, 8]), "c/data_batch_1.bin")
    try folder.write(cifar([9]), "c/data_batch_2.bin")
    try folder.write(cifar([0]), "c/test_batch.bin")
    let train = try records(folder.file("c"))
    #expect(train.map(\.caption) == ["cat", "ship", "truck"])
    let pixels = try grey(train[0])
    #expect(pixels.count == 3072 && Array(pixels[0..<3]) == [3, 53, 103] && Array(pixels[3069...]) == [34, 84, 134])
    #expect(try records(folder.file("c")) { $0.split = .test }.map(\.caption) == ["airplane"])
    #expect(try records(folder.file("c/data_batch_2.bin")).count == 1)

    // In the archive they are published in.
    try tar("c")
    #expect(Set(try records(folder.file("c.tar.gz")).map(\.caption)) == ["cat", "ship", "truck"])

    try folder.write(cifar([1]).dropLast(), "c/data_batch_1.bin")
    #expect(throws: DataSetError.self) {
      let records = try records(folder.file("c"))
      Issue.record("read \(records.count)")
    }
    #expect(throws: DataSetError.self) { try records(folder.file("c/data_batch_1.bin")) }
  }
}
