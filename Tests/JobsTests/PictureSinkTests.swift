import Foundation
import Images
import Jobs
import Testing

/// Pictures that go elsewhere than into files.
@Suite struct PictureSinkTests {
  /// A job from JSON, as a form gives it, drawn into memory: the bytes that a file would have.
  @Test func jobsFromJSONIntoMemory() throws {
    let tiny = try TinyPipeline()
    let text = #"{"prompt": "a cat on the moon", "seed": 5, "count": 2, "cfg_scale": 3, "sampler_name": "Euler a"}"#
    let job = try JSONDecoder().decode(PictureJob.self, from: Data(text.utf8))
    var (options, below) = (JobRunner.Options(), PictureJob())
    (options.writesFiles, options.output, below.precision) = (false, tiny.file("nowhere/").path, .f32)
    let loaded = tiny.loaded
    let runner = try JobRunner([JobLine(job)], below: below, options: options) { _ in loaded }
    let sink = PictureCollector()
    var (events, told) = (JobRunner.Events(), [FinishedPicture]())
    events.onPicture = { told.append($0) }
    try runner.run(events, into: sink)
    #expect(sink.pictures.count == 2 && told.map(\.seed) == [5, 6] && told.allSatisfy { $0.url == nil })
    #expect(!FileManager.default.fileExists(atPath: tiny.file("nowhere").path))

    try tiny.run([JobLine(job)], output: "files/")
    for (picture, seed) in zip(sink.pictures, [5, 6]) {
      let file = tiny.file("files/0000\(seed - 4)-\(seed).png")
      #expect(try ImageFile.load(file) == picture.image)
      #expect(try ImageFile.parameters(of: file) == picture.parameters)
      #expect(picture.record.seed == UInt64(seed) && picture.record.sampler == "euler-a")
    }
  }

  /// What a picture says of itself is a job again, by JSON too.
  @Test func recordsAreJobs() throws {
    let tiny = try TinyPipeline()
    var (events, record) = (JobRunner.Events(), PictureJob?.none)
    events.onPicture = { record = $0.record }
    var (options, below) = (JobRunner.Options(), PictureJob())
    (options.writesFiles, below.precision) = (false, .f32)
    let loaded = tiny.loaded
    let first = PictureJob.job("a cat") { ($0.seed, $0.hiresScale, $0.cfgInterval) = (3, 1.5, .init(0.5, 4)) }
    let sink = PictureCollector()
    try JobRunner([JobLine(first)], below: below, options: options) { _ in loaded }.run(events, into: sink)
    let json = try JSONEncoder().encode(try #require(record))
    let again = try JSONDecoder().decode(PictureJob.self, from: json)
    #expect(again == record)
    try JobRunner([JobLine(again)], options: options) { _ in loaded }.run(events, into: sink)
    #expect(sink.pictures.count == 2 && sink.pictures[0].image == sink.pictures[1].image)
    #expect(sink.pictures[0].parameters == sink.pictures[1].parameters)
    #expect(sink.pictures[0].parameters.contains("CFG interval: \"0.5,4\""))
  }
}
