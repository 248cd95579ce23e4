import Hummingbird
import NIOCore

/// What is known of a request besides what it says.
package struct ServerContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// Memory for bodies, shared by all requests.
  let budget: BodyBudget
  private static let shared = BodyBudget()

  package init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    budget = Self.shared
  }
}
