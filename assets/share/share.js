// Copies the address of the page as the browser has it. Where no clipboard is allowed (an iframe, a page without
// https), the address stands in a field, ready to be copied by hand.

// The address without what concerns a frame around it alone.
export function own(address) {
  const url = new URL(address);
  for (const key of ["embed", "embed_options"]) url.searchParams.delete(key);
  return url.href;
}

export default function ({ parentElement }) {
  const [button, status, field] = ["button", "[role=status]", "input"].map((one) => parentElement.querySelector(one));
  button.onclick = async () => {
    field.value = own(location.href);
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = "Copied";
      field.hidden = true;
    } catch {
      status.textContent = "This browser copies nothing by itself here. The address:";
      field.hidden = false;
      field.focus();
      field.select();
    }
  };
}
