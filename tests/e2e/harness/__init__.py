"""What the end-to-end suite stands on: servers, images, processes, and the runner of cases."""
