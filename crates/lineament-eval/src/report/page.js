document.addEventListener("error", function (event) {
  var holder = event.target.parentNode;
  if (holder instanceof Element) holder.dataset.state = "missing";
}, true);
