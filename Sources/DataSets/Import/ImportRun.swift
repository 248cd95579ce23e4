import Foundation
import Images

/// Brings pictures from wherever they are into a folder with `metadata.jsonl`, one at a time.
///
/// Pictures are gathered in a hidden folder beside the one asked for, which appears under its name when all is there.
/// What was stopped goes on where it was.
public struct ImportRun {
  /// What came of an import.
  public struct Report: Codable, Sendable, Equatable {
    public internal(set) var output: String
    /// Pictures in the folder.
    public internal(set) var pictures = 0
    /// Records left out in this run.
    public internal(set) var skipped = 0
    /// Pictures with a short side below what was asked for, kept as they are.
    public internal(set) var smaller = 0
    /// Whether everything was there before.
    public internal(set) var wasComplete = false
    /// Whether the run was stopped before the end.
    public internal(set) var wasStopped = false

    enum CodingKeys: String, CodingKey {
      case output, pictures, skipped, smaller
      case wasComplete = "was_complete"
      case wasStopped = "was_stopped"
    }
  }

  private let source: URL
  private let output: URL
  private let options: ImportOptions
  private let partial: URL

  /// The file in a data set that says how it was made.
  public static let stateName = "import.json"

  public init(_ source: URL, to output: URL, _ options: ImportOptions = ImportOptions()) {
    self.source = source
    self.output = output.standardizedFileURL
    self.options = options
    partial = self.output.deletingLastPathComponent()
      .appendingPathComponent(".\(self.output.lastPathComponent).importing")
  }

  /// Imports everything, or what is missing.
  /// - Parameters:
  ///   - remark: told what the user should know: what was left out and why, what was taken for granted.
  ///   - progress: told how many records are done, and how many there are where that is known.
  ///   - shouldStop: asked before each record.
  public func run(
    remark: (String) -> Void, progress: (Int, Int?) -> Void = { _, _ in }, shouldStop: () -> Bool = { false }
  ) throws -> Report {
    let request = options.request(source: source.standardizedFileURL.path)
    if let done = try finished(request) { return done }
    let records = try ImportSources.open(source, options)
    if let known = records.columns { try options.caption?.check(against: known, of: source.path) }
    records.remarks.forEach(remark)
    let writer = try ImportWriter(partial, request: request)
    // What has no picture yet is no beginning of anything.
    defer { if writer.pictures == 0 { try? FileManager.default.removeItem(at: partial) } }
    if writer.pictures > 0 { remark("going on after \(writer.pictures) pictures in \(partial.path)") }
    let report = try take(records, into: writer, remark, progress, shouldStop)
    if report.wasStopped { return report }
    guard report.pictures > 0 else {
      throw DataSetError.noData(path: source.path, reason: "no picture could be imported from \(records.kind)")
    }
    try writer.finish(as: output)
    return report
  }

  /// Takes records until there are no more, or enough.
  private func take(
    _ records: any ImportSource, into writer: ImportWriter, _ remark: (String) -> Void,
    _ progress: (Int, Int?) -> Void, _ shouldStop: () -> Bool
  ) throws -> Report {
    try records.skip(writer.nextRecord)
    var report = Report(output: output.path, pictures: writer.pictures)
    var index = writer.nextRecord
    let total = records.count.map { min($0, options.limit ?? $0) }
    while report.pictures < options.limit ?? .max {
      if shouldStop() {
        report.wasStopped = true
        return report
      }
      guard let record = try records.next() else { break }
      do {
        let picture = try prepared(record, &report)
        try writer.append(
          picture.bytes, ending: picture.ending, mask: try mask(record), folder: record.folder, record: index,
          row: try row(record))
        report.pictures += 1
        if let problem = record.problem { remark("\(record.name): \(problem)") }
      } catch let reason as Reason {
        report.skipped += 1
        if report.skipped <= 10 { remark("skipped \(record.name): \(reason.text)") }
      }
      index += 1
      progress(index, total)
    }
    if report.skipped > 10 { remark("skipped \(report.skipped) in all; the first ten are named above") }
    return report
  }

  /// Why one record is left out.
  private struct Reason: Error {
    let text: String
  }

  /// The picture as it will be written.
  private func prepared(_ record: ImportRecord, _ report: inout Report) throws -> (bytes: [UInt8], ending: String) {
    do {
      switch record.picture {
      case .none(let reason): throw Reason(text: reason)
      case .image(let image): return (try PNG.encode(resized(image, &report)), "png")
      case .file(let bytes):
        let format = try ImageHeader(bytes).format
        // Decoded even if it is kept as it is: what cannot be read must not get into a data set.
        let image = format == .png ? try PNG.decode(bytes) : try JPEG.decode(bytes)
        let fitted = resized(image, &report)
        if fitted.width == image.width && fitted.height == image.height {
          return (bytes, format == .png ? "png" : "jpg")
        }
        return format == .png ? (try PNG.encode(fitted), "png") : (try JPEG.encode(fitted), "jpg")
      }
    } catch let error as ImageError {
      throw Reason(text: error.description)
    }
  }

  /// The mask of a record, brought to its picture's size.
  private func mask(_ record: ImportRecord) throws -> [UInt8]? {
    guard let bytes = record.mask else { return nil }
    let mask: Image
    do { mask = try PNG.decode(bytes) } catch { throw Reason(text: "its mask: \(error)") }
    var unused = Report(output: "")
    let fitted = resized(mask, &unused)
    return fitted.width == mask.width && fitted.height == mask.height ? bytes : try PNG.encode(fitted)
  }

  private func resized(_ image: Image, _ report: inout Report) -> Image {
    guard let side = options.resize else { return image }
    let short = min(image.width, image.height)
    if short < side { report.smaller += 1 }
    guard short > side else { return image }
    func scaled(_ length: Int) -> Int { max(1, (length * side * 2 + short) / (2 * short)) }
    return image.resized(width: scaled(image.width), height: scaled(image.height), filter: .area)
  }

  private func row(_ record: ImportRecord) throws(Reason) -> [String: JSONValue] {
    var row = record.columns
    do {
      if let caption = try options.caption?.fill(record.columns) ?? record.caption { row["text"] = .text(caption) }
    } catch {
      throw Reason(text: error.description)
    }
    return row
  }

  /// The report of a data set that is there already; nil if there is none.
  private func finished(_ request: JSONValue) throws -> Report? {
    guard FileManager.default.fileExists(atPath: output.path) else { return nil }
    let state = output.appendingPathComponent(Self.stateName)
    if let data = try? Data(contentsOf: state), let value = try? JSONDecoder().decode(JSONValue.self, from: data),
      case .object(let made) = value, made["request"] == request, case .int(let pictures)? = made["pictures"]
    {
      return Report(output: output.path, pictures: Int(pictures), wasComplete: true)
    }
    guard let inside = try? FileManager.default.contentsOfDirectory(atPath: output.path) else {
      throw DataSetError.unwritable(path: output.path, reason: "it is not a folder")
    }
    guard inside.isEmpty else {
      throw DataSetError.unwritable(
        path: output.path, reason: "it exists and holds something else; name a folder that does not exist")
    }
    return nil
  }
}
