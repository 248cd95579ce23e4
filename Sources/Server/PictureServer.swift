import Foundation
import Gallery
import Hummingbird
import HummingbirdCore
import Jobs
import Logging
import ModelFiles
import Models
import NIOCore
import ServiceLifecycle
import Synchronization
import TensorCore

/// Serves pictures over HTTP: one queue, one worker, the page, and the APIs.
package final class PictureServer: Sendable {
  /// What a server is started with.
  package struct Options: Sendable {
    package var host = "127.0.0.1"
    /// 0 for any that is free.
    package var port = 7860
    package var token: String?
    /// Files of a certificate's chain and of its key, PEM both.
    package var certificate, key: String?
    /// Pages of other origins that may ask; `*` for all.
    package var origins: [String] = []
    /// Where names of models are looked up.
    package var locator: ModelLocator
    /// The file of styles; nil for `styles.csv` beside the models.
    package var styles: String?
    /// Where the queue and the gallery are.
    package var data: URL
    /// Bytes the process may have with several models; nil for as much as there is.
    package var memory: Int?
    /// What computes, and its arithmetic; nil for the best.
    package var device: Device = .best
    package var precision: Precision?
    /// What the server says it is.
    package var version = "imago"

    package init(locator: ModelLocator, data: URL) { (self.locator, self.data) = (locator, data) }
  }

  package let desk: JobDesk
  let options: Options
  let gallery: Gallery
  let pool: ModelPool
  let summaries: ModelSummaries
  let webUI = WebUIOptions()
  let trainings: TrainingDesk
  private let worker: JobWorker
  private let group = Mutex<ServiceGroup?>(nil)
  /// The folder is one server's alone.
  private let lock: FolderLock
  /// What speaks HTTP, or HTTPS.
  private let server: HTTPServerBuilder

  /// Opens the gallery and the queue that an earlier server left.
  package init(_ options: Options) throws {
    self.options = options
    guard options.token != nil || Access.isLoopback(options.host) else {
      throw APIError(.badRequest, "`host` \(options.host) can be reached from other machines: give `token` too")
    }
    let http = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60)))
    if let certificate = options.certificate, let key = options.key {
      server = try ServedTLS.server(http, certificate: certificate, key: key)
    } else {
      server = http
    }
    try FileManager.default.createDirectory(at: options.data, withIntermediateDirectories: true)
    lock = try FolderLock(options.data)
    gallery = try Gallery(folder: options.data)
    let store = try QueueStore(options.data.appendingPathComponent("queue", isDirectory: true))
    let folders = ServedFolders(options.locator, styles: options.styles)
    desk = JobDesk(queue: JobQueue(store: store), folders: folders, keeper: gallery)
    pool = ModelPool(options.locator, limit: options.memory)
    summaries = ModelSummaries(options.locator)
    worker = JobWorker(desk, pool, device: options.device, precision: options.precision)
    trainings = try TrainingDesk(
      options.data.appendingPathComponent("trainings", isDirectory: true), folders, device: options.device,
      precision: options.precision ?? .best)
    desk.resume()
  }

  /// Answers requests until `stop`.
  /// - Parameter onRunning: told the port once somebody can connect.
  package func run(onRunning: @escaping @Sendable (Int) -> Void) async throws {
    var logger = Logger(label: "imago")
    logger.logLevel = .critical
    let application = Application(
      router: routes(), server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(options.host, port: options.port), serverName: "imago",
        availableConnectionsDelegate: MaximumAvailableConnections(Self.connections)),
      onServerRunning: { channel in onRunning(channel.localAddress?.port ?? 0) }, logger: logger)
    var configuration = ServiceGroupConfiguration(services: [application], logger: logger)
    configuration.maximumGracefulShutdownDuration = Self.patience
    let group = ServiceGroup(configuration: configuration)
    self.group.withLock { $0 = group }
    worker.start()
    trainings.start()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
    desk.queue.stop()
    trainings.stop()
    try await Blocking.run { [self] in
      worker.join()
      trainings.join()
      lock.release()
    }
    do { try outcome.get() } catch let error as IOError {
      throw APIError(
        .conflict,
        "\(options.host):\(options.port): \(String(cString: strerror(error.errnoCode))); `port` takes another one")
    } catch is CancellationError where desk.queue.isStopping {
      // Somebody was too slow to be waited for.
    }
  }

  /// How long clients have for reading their answers when the server stops.
  private static let patience = Duration.seconds(5)

  /// Connections at the same time; further ones wait.
  private static let connections = 256

  /// Finishes the step, answers everybody, keeps the queue.
  package func stop() {
    desk.queue.stop()
    trainings.stop()
    guard let group = group.withLock({ $0 }) else { return }
    Task { await group.triggerGracefulShutdown() }
  }
}
