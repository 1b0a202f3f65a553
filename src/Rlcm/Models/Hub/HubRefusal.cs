using System.Net;
using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>What an answer without content means. The Hub names its reason in <c>X-Error-Code</c>.</summary>
internal static class HubRefusal
{
    private const string ReasonHeader = "X-Error-Code";

    /// <summary>The exception for an answer: <see cref="HubUnavailableException"/> where it may be another later, otherwise the user's mistake.</summary>
    /// <param name="response">The answer, neither 2xx nor a redirect.</param>
    /// <param name="name">The model that was asked for.</param>
    /// <param name="hub">Address of the Hub.</param>
    /// <param name="hasToken">Whether there is a token.</param>
    /// <param name="isFromHub">Whether the Hub answered, and not a host that it redirected to.</param>
    public static Exception Of(HttpResponseMessage response, HubName name, Uri hub, bool hasToken, bool isFromHub)
    {
        var status = (int)response.StatusCode;
        var reason = response.Headers.TryGetValues(ReasonHeader, out var values) ? values.FirstOrDefault() : null;
        var page = new Uri(hub, name.Repository);
        if (status is 408 or 429 or >= 500 || !isFromHub) // addresses on other hosts expire; the Hub gives new ones
            return new HubUnavailableException($"answers {Described(response)}", Wait(response));
        return new UserErrorException(response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when reason == "GatedRepo" || status == 403 =>
                $"The model {name} is given to those alone who accepted its terms (HTTP {status}): accept the licence on {page}, and set HF_TOKEN to {(hasToken ? "a token of that account that may read it; the present one may not" : "a token of that account")}.",
            HttpStatusCode.Unauthorized => hasToken
                ? $"{hub} shows no model {name} to the owner of HF_TOKEN (HTTP 401): check the name and the token."
                : $"{hub} shows no model {name} without a token (HTTP 401): check the name; if the model is private or gated, accept its licence on {page} and set HF_TOKEN.",
            HttpStatusCode.NotFound when reason == "RevisionNotFound" => $"The model {name.Repository} has no revision {name.Revision} (HTTP 404): choose one that {page} shows.",
            HttpStatusCode.NotFound => $"There is no model {name} on {hub} (HTTP 404): check its name and revision.",
            _ => $"{hub} answers {Described(response)} for the model {name}: check HF_ENDPOINT and whether a proxy answers in its place.",
        });
    }

    private static string Described(HttpResponseMessage response) => $"HTTP {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();

    private static TimeSpan? Wait(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when response.Headers.Date is { } now && date > now => date - now,
        _ => null,
    };
}
